{#- A ticket without a row has the default schedule, which is the oldest. A trigger that takes a schedule away gives
    that one back. -#}
{{ config(alias='ticket_schedule') }}
{%- set assignments = stream('ticket_schedule_assignments') %}

with assignments as (
    select
        {{ columns(assignments, integers=['id', 'ticket_id', 'schedule_id'], times=['created_at']) }},
        {{ synced(assignments) }}
    {{ from_stream(assignments) }}
),
ranked as (
    select assignments.*, row_number() over (partition by ticket_id, created_at order by id desc) as age_of_row
    from assignments
)
select
    ranked.ticket_id,
    coalesce(ranked.schedule_id, default_schedule.id) as schedule_id,
    ranked.created_at,
    ranked._fivetran_synced
from ranked
cross join (select max(id) as id from {{ ref('zendesk_default_schedule') }}) as default_schedule
where ranked.age_of_row = 1 and coalesce(ranked.schedule_id, default_schedule.id) is not null
