{#- Each UTC day from that of the first ticket to that of the variable zendesk_now, or of the run. -#}

with {{ numbers() }},
bounds as (
    select {{ day_of('min(created_at)') }} as first_day from {{ ref('fivetran_ticket') }}
)
select {{ add_days('bounds.first_day', 'numbers.number_of_days') }} as day
from numbers
cross join bounds
where {{ add_days('bounds.first_day', 'numbers.number_of_days') }} <= {{ day_of(now()) }}
