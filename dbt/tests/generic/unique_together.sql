{% test unique_together(model, key) %}
{#- Fails with the keys, of several columns, that more than one row has. -#}
select {{ key | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{% endtest %}
