{{ config(alias='ticket_tag') }}
{%- set tickets = stream('tickets') %}

select distinct
    {{ integer(tickets, 'id') }} as ticket_id,
    {{ element_text() }} as tag,
    {{ synced(tickets) }}
{{ from_elements(tickets, 'tags') }}
