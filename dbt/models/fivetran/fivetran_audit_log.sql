{{ config(alias='audit_log') }}
{%- set logs = stream('audit_logs') %}

select
    {{ columns(logs,
        integers=['id', 'actor_id', 'source_id'],
        texts=['action', 'change_description', 'source_label', 'source_type'],
        times=['created_at']) }},
    {{ synced(logs) }}
{{ from_stream(logs) }}
