{#- The policy as it is now. Older applications keep the target that they were made with, which is in the field
    history. -#}
{{ config(alias='sla_policy_metric_history') }}
{%- set policies = stream('sla_policies') %}

select
    {{ integer(policies, 'id') }} as sla_policy_id,
    cast({{ element_index() }} as {{ dbt.type_bigint() }}) as index,
    {{ time(policies, 'updated_at') }} as sla_policy_updated_at,
    {{ element_member('metric') }} as metric,
    {{ element_member('priority') }} as priority,
    cast({{ element_member('target') }} as {{ dbt.type_bigint() }}) as target,
    {{ element_member('business_hours') }} = 'true' as business_hours,
    {{ synced(policies) }}
{{ from_elements(policies, 'policy_metrics') }}
