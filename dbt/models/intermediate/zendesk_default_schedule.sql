{#- The schedule of a ticket to which no other was assigned: the oldest one. No row where the account has none. -#}
{%- set schedules = stream('schedules') %}

with schedules as (
    select {{ columns(schedules, integers=['id'], times=['created_at']) }}
    {{ from_stream(schedules) }}
),
ranked as (
    select id, row_number() over (order by created_at, id) as age_of_row from schedules
)
select id from ranked where age_of_row = 1
