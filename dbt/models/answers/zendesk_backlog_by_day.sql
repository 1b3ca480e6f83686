{#- How many tickets were open at the end of each UTC day: created by then, and neither solved nor closed nor deleted.
    The last day is the one before the variable zendesk_now, or before the day of the run. -#}

with last_of_day as (
    select
        ticket_id,
        {{ day_of('updated') }} as day,
        case when value in ('solved', 'closed', 'deleted') then 0 else 1 end as is_open,
        row_number() over (partition by ticket_id, {{ day_of('updated') }} order by updated desc) as from_last
    from {{ ref('zendesk_field_values') }}
    where field_name = 'status' and is_last_in_second
),
steps as (
    select day, is_open - coalesce(lag(is_open) over (partition by ticket_id order by day), 0) as step
    from last_of_day
    where from_last = 1
),
days as (
    select day from {{ ref('zendesk_days') }} where day < {{ day_of(now()) }}
),
dated_steps as (
    -- A ticket may have events from before the first day, which is that of the oldest row of tickets.
    select case when steps.day < bounds.first_day then bounds.first_day else steps.day end as day, steps.step
    from steps
    cross join (select min(day) as first_day from days) as bounds
),
by_day as (
    select day, sum(step) as step from dated_steps group by day
)
select
    days.day,
    cast(sum(coalesce(by_day.step, 0)) over (
        order by days.day rows between unbounded preceding and current row
    ) as {{ dbt.type_bigint() }}) as open_tickets
from days
left join by_day on by_day.day = days.day
