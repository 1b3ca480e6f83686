{{ config(alias='user') }}
{%- set users = stream('users') %}

select
    {{ columns(users,
        integers=['id', 'organization_id', 'locale_id', 'custom_role_id', 'default_group_id'],
        texts=['url', 'name', 'email', 'alias', 'role', 'external_id', 'locale', 'phone', 'details', 'notes',
            'signature', 'ticket_restriction', 'time_zone'],
        booleans=['active', 'suspended', 'verified', 'shared', 'shared_agent', 'moderator', 'restricted_agent',
            'only_private_comments', 'two_factor_auth_enabled'],
        times=['created_at', 'updated_at', 'last_login_at']) }},
    {{ deleted_at(users) }} is not null or not coalesce({{ boolean(users, 'active') }}, true) as _fivetran_deleted,
    {{ synced(users) }}
{{ from_stream(users) }}
