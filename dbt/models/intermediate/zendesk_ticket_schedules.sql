{#- Which schedule a ticket had from when to when. -#}

with first_schedules as (
    select tickets.id as ticket_id, default_schedule.id as schedule_id, tickets.created_at as starts_at,
        0 as place, tickets.created_at as assigned_at
    from {{ ref('fivetran_ticket') }} as tickets
    cross join {{ ref('zendesk_default_schedule') }} as default_schedule

    union all

    -- Of several that were set before the ticket's creation the last counts.
    select assignments.ticket_id, assignments.schedule_id, greatest(assignments.created_at, tickets.created_at), 1,
        assignments.created_at
    from {{ ref('fivetran_ticket_schedule') }} as assignments
    join {{ ref('fivetran_ticket') }} as tickets on tickets.id = assignments.ticket_id
)
select
    ticket_id,
    schedule_id,
    starts_at,
    coalesce(
        lead(starts_at) over (partition by ticket_id order by starts_at, place, assigned_at),
        {{ time_literal('2999-01-01 00:00:00') }}
    ) as ends_at
from first_schedules
