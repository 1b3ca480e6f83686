{{ config(alias='domain_name') }}
{%- set organizations = stream('organizations') %}

select
    {{ integer(organizations, 'id') }} as organization_id,
    {{ element_text() }} as domain_name,
    cast({{ element_index() }} as {{ dbt.type_bigint() }}) as index,
    {{ synced(organizations) }}
{{ from_elements(organizations, 'domain_names') }}
