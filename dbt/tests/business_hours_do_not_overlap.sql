-- A minute that two rows of a schedule hold would count twice.
select schedule_id, opens_at, former_close
from (
    select
        schedule_id,
        opens_at,
        lag(closes_at) over (partition by schedule_id order by opens_at, closes_at) as former_close
    from {{ ref('zendesk_business_hours') }}
) as followed
where opens_at < former_close
