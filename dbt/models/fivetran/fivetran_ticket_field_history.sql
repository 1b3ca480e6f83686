{#- A row per value of a field. Its first value is a row too. -#}
{{ config(alias='ticket_field_history') }}

select ticket_id, field_name, updated, value, user_id, _fivetran_synced
from {{ ref('zendesk_field_values') }}
where is_last_in_second

union all

-- Fivetran's history has the SLA that began to count as values of fields named after its metric.
select
    ticket_id,
    metric,
    applied_at,
    max({{ sla_target() }}),
    -1,
    max(_fivetran_synced)
from {{ ref('zendesk_sla_applications') }}
where metric in ('first_reply_time', 'next_reply_time', 'agent_work_time', 'requester_wait_time')
group by ticket_id, metric, applied_at

union all

select ticket_id, 'sla_policy', applied_at, max(sla_policy_title), -1, max(_fivetran_synced)
from {{ ref('zendesk_sla_applications') }}
group by ticket_id, applied_at
