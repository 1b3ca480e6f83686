{{ config(alias='user_tag') }}
{%- set users = stream('users') %}

select distinct
    {{ integer(users, 'id') }} as user_id,
    {{ element_text() }} as tag,
    {{ synced(users) }}
{{ from_elements(users, 'tags') }}
