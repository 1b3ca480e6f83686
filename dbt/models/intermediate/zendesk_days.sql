{#- Each UTC day from that of the first ticket to that of the variable zendesk_now, or of the run, or of the last
    event where that is later: business time is counted whatever zendesk_now is. -#}

with {{ numbers() }},
last_days as (
    select {{ day_of(now()) }} as day
    union all
    select {{ day_of('max(created)') }} from {{ ref('fivetran_ticket_comment') }}
    union all
    select {{ day_of('max(updated)') }} from {{ ref('zendesk_field_values') }}
),
bounds as (
    select first_days.first_day, max(last_days.day) as last_day
    from (select {{ day_of('min(created_at)') }} as first_day from {{ ref('fivetran_ticket') }}) as first_days
    cross join last_days
    group by first_days.first_day
)
select {{ add_days('bounds.first_day', 'numbers.number_of_days') }} as day
from numbers
cross join bounds
where {{ add_days('bounds.first_day', 'numbers.number_of_days') }} <= bounds.last_day
