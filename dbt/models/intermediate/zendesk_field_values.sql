{#- What each field of each ticket held, and from when on: changes from the stream, and the first values that no event
    has. An imported ticket has no event of its creation; its first value is what the first change found, or the value
    that it has now where nothing ever changed it. -#}
{%- set history = stream('ticket_field_history') %}
{%- set tickets = stream('tickets') %}
{%- set fields = {
    'status': text(tickets, 'status'), 'priority': text(tickets, 'priority'), 'type': text(tickets, 'type'),
    'subject': text(tickets, 'subject'), 'assignee_id': integer(tickets, 'assignee_id'),
    'group_id': integer(tickets, 'group_id'), 'requester_id': integer(tickets, 'requester_id'),
    'organization_id': integer(tickets, 'organization_id'), 'brand_id': integer(tickets, 'brand_id'),
    'ticket_form_id': integer(tickets, 'ticket_form_id')} %}

with events as (
    select
        {{ columns(history,
            integers=['ticket_event_id', 'ticket_id', 'user_id'],
            texts=['id', 'field_name', 'value', 'previous_value', 'kind'],
            times=['updated']) }},
        cast({{ dbt.split_part(text(history, 'id'), "'-'", 1) }} as {{ dbt.type_bigint() }}) as child_id,
        {{ synced(history) }}
    {{ from_stream(history) }}
    -- The SLA applications have these.
    where {{ text(history, 'field_name') }} not in ('sla_policy', 'first_reply_time', 'next_reply_time',
        'agent_work_time', 'requester_wait_time')
),
numbered as (
    select
        events.*,
        row_number() over (
            partition by ticket_id, field_name, updated order by ticket_event_id desc, child_id desc
        ) as from_last_in_second,
        row_number() over (
            partition by ticket_id, field_name order by updated, ticket_event_id, child_id
        ) as nth_value
    from events
),
tickets as (
    select
        {{ columns(tickets, integers=['id', 'requester_id'], texts=['status'], times=['created_at', 'updated_at']) }},
        {{ deleted_at(tickets) }} as deleted_at,
        {{ synced(tickets) }}
    {{ from_stream(tickets) }}
),
first_events as (
    select * from numbered where nth_value = 1
),
current_values as (
    {% for field, value in fields.items() -%}
    select {{ integer(tickets, 'id') }} as ticket_id, '{{ field }}' as field_name,
        cast({{ value }} as {{ zendesk_on_airbyte.type_text() }}) as value
    {{ from_stream(tickets) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
),
first_values as (
    -- Fields that no event ever named.
    select current_values.ticket_id, current_values.field_name, tickets.created_at as updated, current_values.value,
        tickets.requester_id as user_id, 'first' as kind, 0 as nth_value, 1 as from_last_in_second,
        tickets._fivetran_synced
    from current_values
    join tickets on tickets.id = current_values.ticket_id
    left join first_events
        on first_events.ticket_id = current_values.ticket_id and first_events.field_name = current_values.field_name
    where first_events.ticket_id is null and nullif(current_values.value, '') is not null

    union all

    -- Fields whose first event is a change.
    select first_events.ticket_id, first_events.field_name, tickets.created_at, first_events.previous_value,
        tickets.requester_id, 'first', 0, 1, tickets._fivetran_synced
    from first_events
    join tickets on tickets.id = first_events.ticket_id
    where first_events.kind = 'change' and first_events.previous_value is not null
        and first_events.updated > tickets.created_at
),
all_values as (
    select ticket_id, field_name, updated, value, user_id, kind, nth_value, from_last_in_second, _fivetran_synced
    from numbered
    union all
    select ticket_id, field_name, updated, value, user_id, kind, nth_value, from_last_in_second, _fivetran_synced
    from first_values
),
statuses as (
    select
        ticket_id, updated, value, nth_value,
        row_number() over (partition by ticket_id order by nth_value desc) as from_last
    from all_values
    where field_name = 'status'
),
deletions as (
    -- Tickets that are deleted, of which no event says so. An event that is newer than the deletion is one of a
    -- ticket that was restored since its row was read.
    select tickets.id as ticket_id, coalesce(tickets.deleted_at, tickets.updated_at) as deleted_at,
        statuses.nth_value + 1 as nth_value, tickets._fivetran_synced
    from tickets
    join statuses on statuses.ticket_id = tickets.id and statuses.from_last = 1
    where (tickets.deleted_at is not null or tickets.status = 'deleted')
        and coalesce(statuses.value, '') <> 'deleted'
        and coalesce(tickets.deleted_at, tickets.updated_at) >= statuses.updated
)
select
    all_values.ticket_id,
    all_values.field_name,
    all_values.updated,
    all_values.value,
    all_values.user_id,
    all_values.kind,
    all_values.nth_value,
    -- Of several values in one second the last counts.
    all_values.from_last_in_second = 1 and deletions.ticket_id is null as is_last_in_second,
    all_values._fivetran_synced
from all_values
left join deletions
    on deletions.ticket_id = all_values.ticket_id
    and all_values.field_name = 'status'
    and deletions.deleted_at = all_values.updated

union all

select ticket_id, 'status', deleted_at, 'deleted', cast(null as {{ dbt.type_bigint() }}), 'deletion', nth_value, true, _fivetran_synced
from deletions
