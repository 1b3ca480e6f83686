{{ config(alias='schedule_holiday') }}
{%- set holidays = stream('schedule_holidays') %}

select
    {{ columns(holidays, integers=['id', 'schedule_id'], texts=['name', 'start_date', 'end_date']) }},
    false as _fivetran_deleted,
    {{ synced(holidays) }}
{{ from_stream(holidays) }}
