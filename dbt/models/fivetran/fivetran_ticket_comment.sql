{{ config(alias='ticket_comment') }}
{%- set comments = stream('ticket_comments') %}

select
    {{ columns(comments, integers=['id', 'ticket_id'], texts=['body'], booleans=['public']) }},
    {{ integer(comments, 'author_id') }} as user_id,
    coalesce(
        {{ time(comments, 'created_at') }},
        {{ from_epoch(integer(comments, 'timestamp')) }}
    ) as created,
    coalesce({{ via_channel(comments, 'via') }} = 'facebook', false) as facebook_comment,
    coalesce({{ via_channel(comments, 'via') }} = 'twitter', false) as tweet,
    coalesce({{ text(comments, 'type') }} in ('VoiceComment', 'TpeVoiceComment'), false) as voice_comment,
    false as _fivetran_deleted,
    {{ synced(comments) }}
{{ from_stream(comments) }}
