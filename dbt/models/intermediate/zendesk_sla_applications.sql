{%- set applications = stream('ticket_sla_applications') %}

select
    {{ columns(applications,
        integers=['id', 'ticket_id', 'instance_id', 'sla_policy_id', 'target', 'target_in_seconds'],
        texts=['metric', 'sla_policy_title'],
        booleans=['in_business_hours'],
        times=['applied_at']) }},
    {{ synced(applications) }}
{{ from_stream(applications) }}
where not coalesce({{ boolean(applications, 'deleted') }}, false)
