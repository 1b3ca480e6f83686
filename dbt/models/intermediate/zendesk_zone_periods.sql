{#- How far a zone's clock is from UTC, and when: the standard time, and each time that differs from it. Zones go by
    their Rails names, which Zendesk uses, and by their names in the tz database. -#}

with zones as (
    select time_zone, iana_time_zone, standard_offset_minutes from {{ ref('rails_time_zones') }}
    union all
    select distinct iana_time_zone, iana_time_zone, standard_offset_minutes from {{ ref('rails_time_zones') }}
),
daylight as (
    select
        iana_time_zone,
        daylight_offset_minutes,
        cast(daylight_start_utc as {{ type_time() }}) as starts_at,
        cast(daylight_end_utc as {{ type_time() }}) as ends_at,
        lag(cast(daylight_end_utc as {{ type_time() }})) over (
            partition by iana_time_zone order by daylight_start_utc
        ) as former_end
    from {{ ref('daylight_times') }}
),
ends as (
    select iana_time_zone, max(ends_at) as last_end from daylight group by iana_time_zone
),
periods as (
    select zones.time_zone, daylight.starts_at, daylight.ends_at,
        zones.standard_offset_minutes + daylight.daylight_offset_minutes as offset_minutes
    from daylight
    join zones on zones.iana_time_zone = daylight.iana_time_zone

    union all

    select zones.time_zone, coalesce(daylight.former_end, {{ time_literal('1900-01-01 00:00:00') }}),
        daylight.starts_at, zones.standard_offset_minutes
    from daylight
    join zones on zones.iana_time_zone = daylight.iana_time_zone

    union all

    select zones.time_zone, coalesce(ends.last_end, {{ time_literal('1900-01-01 00:00:00') }}),
        {{ time_literal('2999-01-01 00:00:00') }}, zones.standard_offset_minutes
    from zones
    left join ends on ends.iana_time_zone = zones.iana_time_zone
)
select time_zone, starts_at, ends_at, offset_minutes
from periods
where starts_at < ends_at
