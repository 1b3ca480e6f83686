{{ config(alias='organization_tag') }}
{%- set organizations = stream('organizations') %}

select distinct
    {{ integer(organizations, 'id') }} as organization_id,
    {{ element_text() }} as tag,
    {{ synced(organizations) }}
{{ from_elements(organizations, 'tags') }}
