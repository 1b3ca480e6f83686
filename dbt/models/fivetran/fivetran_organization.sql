{{ config(alias='organization') }}
{%- set organizations = stream('organizations') %}

select
    {{ columns(organizations,
        integers=['id', 'group_id'],
        texts=['url', 'name', 'details', 'notes', 'external_id'],
        booleans=['shared_comments', 'shared_tickets'],
        times=['created_at', 'updated_at']) }},
    {{ deleted_at(organizations) }} is not null as _fivetran_deleted,
    {{ synced(organizations) }}
{{ from_stream(organizations) }}
