{#- A row per interval, in minutes since Sunday 0:00 of the schedule's own zone. -#}
{{ config(alias='schedule') }}
{%- set schedules = stream('schedules') %}

select
    {{ columns(schedules, integers=['id'], texts=['name', 'time_zone'], times=['created_at']) }},
    cast({{ element_member('start_time') }} as {{ dbt.type_bigint() }}) as start_time,
    cast({{ element_member('end_time') }} as {{ dbt.type_bigint() }}) as end_time,
    false as _fivetran_deleted,
    {{ synced(schedules) }}
{{ from_elements(schedules, 'intervals') }}
