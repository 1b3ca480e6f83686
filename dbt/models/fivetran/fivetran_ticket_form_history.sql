{#- The form as it is now. -#}
{{ config(alias='ticket_form_history') }}
{%- set forms = stream('ticket_forms') %}

select
    {{ columns(forms,
        integers=['id'],
        texts=['name', 'display_name'],
        booleans=['active', 'end_user_visible'],
        times=['created_at', 'updated_at']) }},
    {{ time(forms, 'deleted_at') }} is not null as _fivetran_deleted,
    {{ synced(forms) }}
{{ from_stream(forms) }}
