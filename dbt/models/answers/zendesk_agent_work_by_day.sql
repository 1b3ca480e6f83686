{#- What agents did on each UTC day. Days on which an agent did nothing of it have no row. -#}

with agents as (
    select id, name from {{ ref('fivetran_user') }} where role in ('agent', 'admin')
),
work as (
    select
        {{ day_of('created') }} as day,
        user_id,
        case when public then 1 else 0 end as public_comments,
        case when public then 0 else 1 end as private_comments,
        0 as solved
    from {{ ref('fivetran_ticket_comment') }}

    union all

    select {{ day_of('updated') }}, user_id, 0, 0, 1
    from {{ ref('zendesk_field_values') }}
    where field_name = 'status' and value = 'solved' and kind <> 'first'
)
select
    work.day,
    work.user_id,
    agents.name as agent_name,
    sum(work.public_comments) as public_comments,
    sum(work.private_comments) as private_comments,
    sum(work.solved) as solved
from work
join agents on agents.id = work.user_id
group by work.day, work.user_id, agents.name
