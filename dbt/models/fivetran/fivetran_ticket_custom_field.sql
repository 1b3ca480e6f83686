{#- dbt_zendesk reads it from the version after 1.7 on. -#}
{{ config(alias='ticket_custom_field') }}
{%- set fields = stream('ticket_fields') %}

select
    {{ columns(fields, integers=['id'], texts=['title', 'raw_title', 'key', 'type'], booleans=['active']) }},
    not coalesce({{ boolean(fields, 'active') }}, true) as _fivetran_deleted,
    {{ synced(fields) }}
{{ from_stream(fields) }}
where {{ boolean(fields, 'removable') }}
