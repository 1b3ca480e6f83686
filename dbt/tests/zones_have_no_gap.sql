-- Every moment has one offset in every zone.
select time_zone, starts_at, former_end
from (
    select
        time_zone,
        starts_at,
        lag(ends_at) over (partition by time_zone order by starts_at) as former_end
    from {{ ref('zendesk_zone_periods') }}
) as followed
where starts_at <> former_end
