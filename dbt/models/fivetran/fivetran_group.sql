{#- GROUP is a keyword, and dbt writes names unquoted in Snowflake. -#}
{{ config(alias='zendesk_group' if target.type == 'snowflake' else 'group') }}
{%- set groups = stream('groups') %}

select
    {{ columns(groups, integers=['id'], texts=['url', 'name'], times=['created_at', 'updated_at']) }},
    {{ deleted_at(groups) }} is not null or coalesce({{ boolean(groups, 'deleted') }}, false) as _fivetran_deleted,
    {{ synced(groups) }}
{{ from_stream(groups) }}
