{{ config(alias='ticket') }}
{%- set tickets = stream('tickets') %}

select
    {{ columns(tickets,
        integers=['id', 'requester_id', 'submitter_id', 'assignee_id', 'organization_id', 'group_id', 'brand_id',
            'ticket_form_id', 'problem_id', 'forum_topic_id'],
        texts=['url', 'external_id', 'subject', 'description', 'type', 'priority', 'status', 'recipient'],
        booleans=['has_incidents', 'is_public', 'allow_channelback'],
        times=['created_at', 'updated_at', 'due_at']) }},
    {{ via_channel(tickets, 'via') }} as via_channel,
    {{ json_text(json(tickets, 'via'), ['source', 'from', 'id']) }} as via_source_from_id,
    {{ json_text(json(tickets, 'via'), ['source', 'from', 'title']) }} as via_source_from_title,
    {{ json_text(json(tickets, 'via'), ['source', 'from', 'address']) }} as via_source_from_address,
    {{ json_text(json(tickets, 'via'), ['source', 'rel']) }} as via_source_rel,
    {{ json_text(json(tickets, 'via'), ['source', 'to', 'address']) }} as via_source_to_address,
    {{ json_text(json(tickets, 'via'), ['source', 'to', 'name']) }} as via_source_to_name,
    {{ deleted_at(tickets) }} is not null
        or coalesce({{ text(tickets, 'status') }}, '') = 'deleted' as _fivetran_deleted,
    {{ synced(tickets) }}
{{ from_stream(tickets) }}
