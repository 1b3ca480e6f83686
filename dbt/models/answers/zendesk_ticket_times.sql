{#- First reply and resolution of each ticket, in minutes of the calendar and of its schedules. -#}

with tickets as (
    select id, status, created_at from {{ ref('fivetran_ticket') }}
),
replies as (
    select comments.ticket_id, min(comments.created) as first_reply_at, count(*) as replies
    from {{ ref('fivetran_ticket_comment') }} as comments
    join tickets on tickets.id = comments.ticket_id
    join {{ ref('fivetran_user') }} as authors on authors.id = comments.user_id
    where comments.public and authors.role in ('agent', 'admin') and comments.created > tickets.created_at
    group by comments.ticket_id
),
statuses as (
    select
        ticket_id,
        updated,
        value,
        kind,
        lag(value) over (partition by ticket_id order by nth_value) as former_value
    from {{ ref('zendesk_field_values') }}
    where field_name = 'status'
),
resolutions as (
    select
        ticket_id,
        min(case when value = 'solved' and kind <> 'first' then updated end) as first_resolved_at,
        max(case when value = 'solved' and kind <> 'first' then updated end) as last_resolved_at,
        count(case when former_value = 'solved' and value in ('new', 'open', 'pending', 'hold') then 1 end) as reopens
    from statuses
    group by ticket_id
),
ends as (
    select
        tickets.id as ticket_id,
        tickets.created_at,
        replies.first_reply_at,
        coalesce(replies.replies, 0) as replies,
        resolutions.first_resolved_at,
        case when tickets.status in ('solved', 'closed') then resolutions.last_resolved_at end as fully_resolved_at,
        coalesce(resolutions.reopens, 0) as reopens
    from tickets
    left join replies on replies.ticket_id = tickets.id
    left join resolutions on resolutions.ticket_id = tickets.id
),
spans as (
    select ticket_id, created_at, 'first_reply' as measure, first_reply_at as ended_at
    from ends where first_reply_at is not null
    union all
    select ticket_id, created_at, 'first_resolution', first_resolved_at
    from ends where first_resolved_at is not null
    union all
    select ticket_id, created_at, 'full_resolution', fully_resolved_at
    from ends where fully_resolved_at is not null
),
parts as (
    -- Each span, cut where the ticket's schedule changed.
    select
        spans.ticket_id,
        spans.measure,
        schedules.schedule_id,
        greatest(spans.created_at, schedules.starts_at) as starts_at,
        least(spans.ended_at, schedules.ends_at) as ends_at
    from spans
    join {{ ref('zendesk_ticket_schedules') }} as schedules
        on schedules.ticket_id = spans.ticket_id
        and schedules.starts_at <= spans.ended_at
        and schedules.ends_at > spans.created_at
),
clocks as (
    -- How long the schedule had been open at the start of each part, and at its end: null where the schedule is not known.
    select
        parts.ticket_id,
        parts.measure,
        parts.starts_at,
        max(hours_at_end.seconds_before + {{ seconds_open_until('hours_at_end', 'parts.ends_at') }})
        - max(hours_at_start.seconds_before + {{ seconds_open_until('hours_at_start', 'parts.starts_at') }})
            as business_seconds
    from parts
    left join {{ ref('zendesk_business_hours') }} as hours_at_start
        on hours_at_start.schedule_id = parts.schedule_id
        and hours_at_start.day = {{ day_of('parts.starts_at') }}
        and hours_at_start.opens_at <= parts.starts_at
    left join {{ ref('zendesk_business_hours') }} as hours_at_end
        on hours_at_end.schedule_id = parts.schedule_id
        and hours_at_end.day = {{ day_of('parts.ends_at') }}
        and hours_at_end.opens_at <= parts.ends_at
    group by parts.ticket_id, parts.measure, parts.starts_at
),
minutes as (
    select
        ticket_id,
        measure,
        case when count(*) = count(business_seconds) then floor(sum(business_seconds) / 60.0) end as business_minutes
    from clocks
    group by ticket_id, measure
)
select
    ends.ticket_id,
    ends.created_at,
    ends.first_reply_at,
    ends.first_resolved_at,
    ends.fully_resolved_at,
    {% for measure, end in [('first_reply', 'first_reply_at'), ('first_resolution', 'first_resolved_at'),
        ('full_resolution', 'fully_resolved_at')] -%}
    cast(floor({{ seconds_between('ends.created_at', 'ends.' ~ end) }} / 60.0) as {{ dbt.type_bigint() }})
        as {{ measure }}_minutes,
    cast(case when schedules.schedules = 0
        then floor({{ seconds_between('ends.created_at', 'ends.' ~ end) }} / 60.0)
        else {{ measure }}.business_minutes
    end as {{ dbt.type_bigint() }}) as {{ measure }}_business_minutes,
    {% endfor -%}
    ends.replies,
    ends.reopens
from ends
-- Without any schedule every minute counts.
cross join (select count(*) as schedules from {{ ref('zendesk_default_schedule') }}) as schedules
{% for measure in ['first_reply', 'first_resolution', 'full_resolution'] -%}
left join minutes as {{ measure }}
    on {{ measure }}.ticket_id = ends.ticket_id and {{ measure }}.measure = '{{ measure }}'
{% endfor %}
