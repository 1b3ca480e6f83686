{#- When each schedule is open, in UTC, cut at the UTC days; a day without hours has one row of no length, so that every
    schedule has a row for every day. `seconds_before` is how long the schedule was open before the row: the business
    time between two moments is the difference of two such clocks, each found by its day, whatever lies between.

    An interval is taken to UTC once per period of the zone's clock, and cut to that period. What the clock skips is
    never open, and what it shows twice is open twice, as on a clock on the wall. -#}
{%- set all_schedules = stream('schedules') %}

with days as (
    select day from {{ ref('zendesk_days') }}
),
all_days as (
    -- A local day of the same date begins up to fourteen hours before the UTC day and ends up to twelve after it.
    select day from days
    union all
    select {{ add_days('min(day)', -1) }} from days
    union all
    select {{ add_days('max(day)', 1) }} from days
),
local_days as (
    select day, {{ day_of_week('day') }} as weekday from all_days
),
local_hours as (
    -- The part of each interval that lies in each local day, as clock times.
    select
        schedules.id as schedule_id,
        schedules.time_zone,
        local_days.day,
        {{ add_minutes(start_of('local_days.day'),
            'greatest(schedules.start_time - local_days.weekday * 1440, 0)') }} as opens_at,
        {{ add_minutes(start_of('local_days.day'),
            'least(schedules.end_time - local_days.weekday * 1440, 1440)') }} as closes_at
    from {{ ref('fivetran_schedule') }} as schedules
    join local_days
        on schedules.start_time < (local_days.weekday + 1) * 1440
        and schedules.end_time > local_days.weekday * 1440
    where schedules.start_time < schedules.end_time
),
working_hours as (
    select local_hours.*
    from local_hours
    left join {{ ref('fivetran_schedule_holiday') }} as holidays
        on holidays.schedule_id = local_hours.schedule_id
        and local_hours.day >= cast(holidays.start_date as date)
        and local_hours.day <= cast(holidays.end_date as date)
    where holidays.id is null
),
in_utc as (
    select
        working_hours.schedule_id,
        greatest({{ add_minutes('working_hours.opens_at', '-periods.offset_minutes') }}, periods.starts_at) as opens_at,
        least({{ add_minutes('working_hours.closes_at', '-periods.offset_minutes') }}, periods.ends_at) as closes_at
    from working_hours
    join {{ ref('zendesk_zone_periods') }} as periods
        on lower(periods.time_zone) = lower(working_hours.time_zone)
        and {{ add_minutes('working_hours.opens_at', '-periods.offset_minutes') }} < periods.ends_at
        and {{ add_minutes('working_hours.closes_at', '-periods.offset_minutes') }} > periods.starts_at
),
known_schedules as (
    -- One without any interval is never open. One in a zone of an unknown name is not known.
    select schedules.id as schedule_id
    from (
        select {{ columns(all_schedules, integers=['id'], texts=['time_zone']) }}
        {{ from_stream(all_schedules) }}
    ) as schedules
    where lower(schedules.time_zone) in (select lower(time_zone) from {{ ref('zendesk_zone_periods') }})
),
by_day as (
    select
        in_utc.schedule_id,
        days.day,
        greatest(in_utc.opens_at, {{ start_of('days.day') }}) as opens_at,
        least(in_utc.closes_at, {{ start_of(add_days('days.day', 1)) }}) as closes_at
    from in_utc
    join days
        on in_utc.opens_at < {{ start_of(add_days('days.day', 1)) }}
        and in_utc.closes_at > {{ start_of('days.day') }}

    union all

    select known_schedules.schedule_id, days.day, {{ start_of('days.day') }}, {{ start_of('days.day') }}
    from known_schedules
    cross join days
),
followed as (
    select
        by_day.*,
        max(closes_at) over (
            partition by schedule_id order by opens_at, closes_at rows between unbounded preceding and 1 preceding
        ) as former_close
    from by_day
),
apart as (
    -- What several intervals hold counts once.
    select
        schedule_id,
        day,
        case when former_close > opens_at then former_close else opens_at end as opens_at,
        closes_at
    from followed
    where former_close is null or opens_at >= former_close or closes_at > former_close
),
lengths as (
    select schedule_id, day, opens_at, closes_at, {{ seconds_between('opens_at', 'closes_at') }} as open_seconds
    from apart
)
select
    schedule_id,
    day,
    opens_at,
    closes_at,
    sum(open_seconds) over (
        partition by schedule_id order by opens_at, closes_at rows between unbounded preceding and current row
    ) - open_seconds as seconds_before
from lengths
