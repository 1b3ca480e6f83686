{#- JSON by warehouse. A path is a list of keys; every value comes out as text. -#}

{%- macro no_json() -%}{{ return(adapter.dispatch('no_json', 'zendesk_on_airbyte')()) }}{%- endmacro -%}
{%- macro default__no_json() -%}cast(null as {{ zendesk_on_airbyte.type_text() }}){%- endmacro -%}
{%- macro postgres__no_json() -%}cast(null as jsonb){%- endmacro -%}
{%- macro duckdb__no_json() -%}cast(null as json){%- endmacro -%}
{%- macro snowflake__no_json() -%}cast(null as variant){%- endmacro -%}
{%- macro bigquery__no_json() -%}parse_json('null'){%- endmacro -%}
{%- macro redshift__no_json() -%}cast(null as super){%- endmacro -%}

{%- macro as_json(column, type) -%}
    {{ return(adapter.dispatch('as_json', 'zendesk_on_airbyte')(column, type)) }}
{%- endmacro -%}
{#- Databricks keeps JSON as text; a VARIANT is written out. -#}
{%- macro default__as_json(column, type) -%}
    {%- if type == 'variant' -%}to_json({{ column }}){%- else -%}cast({{ column }} as {{ zendesk_on_airbyte.type_text() }}){%- endif -%}
{%- endmacro -%}
{%- macro postgres__as_json(column, type) -%}cast({{ column }} as jsonb){%- endmacro -%}
{%- macro duckdb__as_json(column, type) -%}cast({{ column }} as json){%- endmacro -%}
{%- macro snowflake__as_json(column, type) -%}
    {%- if type in ['variant', 'object', 'array'] -%}cast({{ column }} as variant){%- else -%}try_parse_json({{ column }}){%- endif -%}
{%- endmacro -%}
{%- macro bigquery__as_json(column, type) -%}
    {%- if type == 'json' -%}{{ column }}{%- else -%}safe.parse_json({{ column }}, wide_number_mode => 'round'){%- endif -%}
{%- endmacro -%}
{%- macro redshift__as_json(column, type) -%}
    {%- if type == 'super' -%}{{ column }}{%- else -%}json_parse({{ column }}){%- endif -%}
{%- endmacro -%}

{#- A text, number or boolean that is a JSON value of its own. -#}
{%- macro json_scalar(value) -%}{{ return(adapter.dispatch('json_scalar', 'zendesk_on_airbyte')(value)) }}{%- endmacro -%}
{%- macro default__json_scalar(value) -%}get_json_object(concat('[', {{ value }}, ']'), '$[0]'){%- endmacro -%}
{%- macro postgres__json_scalar(value) -%}({{ value }} #>> '{}'){%- endmacro -%}
{%- macro duckdb__json_scalar(value) -%}json_extract_string({{ value }}, '$'){%- endmacro -%}
{%- macro snowflake__json_scalar(value) -%}cast({{ value }} as varchar){%- endmacro -%}
{%- macro bigquery__json_scalar(value) -%}json_value({{ value }}){%- endmacro -%}
{%- macro redshift__json_scalar(value) -%}cast({{ value }} as varchar(65535)){%- endmacro -%}

{#- What a path of keys leads to, as text. -#}
{%- macro json_text(value, path) -%}
    {{ return(adapter.dispatch('json_text', 'zendesk_on_airbyte')(value, path)) }}
{%- endmacro -%}
{%- macro default__json_text(value, path) -%}get_json_object({{ value }}, '$.{{ path | join('.') }}'){%- endmacro -%}
{%- macro postgres__json_text(value, path) -%}({{ value }} #>> '{{ '{' ~ path | join(',') ~ '}' }}'){%- endmacro -%}
{%- macro duckdb__json_text(value, path) -%}json_extract_string({{ value }}, '$.{{ path | join('.') }}'){%- endmacro -%}
{%- macro snowflake__json_text(value, path) -%}cast(get_path({{ value }}, '{{ path | join('.') }}') as varchar){%- endmacro -%}
{%- macro bigquery__json_text(value, path) -%}json_value({{ value }}, '$.{{ path | join('.') }}'){%- endmacro -%}
{%- macro redshift__json_text(value, path) -%}
    nullif(json_extract_path_text(json_serialize({{ value }}), '{{ path | join("', '") }}', true), '')
{%- endmacro -%}

{#- `from` over the elements of a list: a row per element, none where the column is no list. The model has the
    columns of the stream as before, and the macros `element_*` for the element. -#}
{%- macro from_elements(stream, name) -%}
    from (
        select source_row.*, {{ zendesk_on_airbyte.json(stream, name) }} as list_of_elements
        from {{ stream.rows }} as source_row
    ) as source_row
    {{ adapter.dispatch('unnested', 'zendesk_on_airbyte')() }}
{%- endmacro -%}
{%- macro default__unnested() -%}
    lateral view posexplode(from_json(source_row.list_of_elements, 'array<string>')) elements as nth, element
{%- endmacro -%}
{%- macro postgres__unnested() -%}
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(source_row.list_of_elements) = 'array' then source_row.list_of_elements else '[]' end
    ) with ordinality as elements(element, nth)
{%- endmacro -%}
{%- macro duckdb__unnested() -%}
    cross join lateral (
        select
            unnest(json_extract(source_row.list_of_elements, '$[*]')) as element,
            unnest(range(cast(json_array_length(source_row.list_of_elements) as bigint))) as nth
    ) as elements
{%- endmacro -%}
{%- macro snowflake__unnested() -%}
    cross join lateral flatten(
        input => case when is_array(source_row.list_of_elements) then source_row.list_of_elements end
    ) as elements
{%- endmacro -%}
{%- macro bigquery__unnested() -%}
    cross join unnest(json_query_array(source_row.list_of_elements)) as element with offset as nth
{%- endmacro -%}
{#- Redshift unnests a path of a table's alias alone. -#}
{%- macro redshift__unnested() -%}
    , source_row.list_of_elements as element at nth
{%- endmacro -%}

{%- macro element() -%}{{ return(adapter.dispatch('element', 'zendesk_on_airbyte')()) }}{%- endmacro -%}
{%- macro default__element() -%}elements.element{%- endmacro -%}
{%- macro snowflake__element() -%}elements.value{%- endmacro -%}
{%- macro bigquery__element() -%}element{%- endmacro -%}
{%- macro redshift__element() -%}element{%- endmacro -%}

{#- The place of the element in its list, from 0. -#}
{%- macro element_index() -%}{{ return(adapter.dispatch('element_index', 'zendesk_on_airbyte')()) }}{%- endmacro -%}
{%- macro default__element_index() -%}elements.nth{%- endmacro -%}
{%- macro postgres__element_index() -%}(elements.nth - 1){%- endmacro -%}
{%- macro snowflake__element_index() -%}elements.index{%- endmacro -%}
{%- macro bigquery__element_index() -%}nth{%- endmacro -%}
{%- macro redshift__element_index() -%}nth{%- endmacro -%}

{%- macro element_text() -%}{{ return(adapter.dispatch('element_text', 'zendesk_on_airbyte')()) }}{%- endmacro -%}
{%- macro default__element_text() -%}{{ zendesk_on_airbyte.json_scalar(zendesk_on_airbyte.element()) }}{%- endmacro -%}
{#- Databricks' from_json has taken the quotes away. -#}
{%- macro databricks__element_text() -%}{{ zendesk_on_airbyte.element() }}{%- endmacro -%}
{%- macro spark__element_text() -%}{{ zendesk_on_airbyte.element() }}{%- endmacro -%}

{%- macro element_member(key) -%}
    {{ zendesk_on_airbyte.json_text(zendesk_on_airbyte.element(), [key]) }}
{%- endmacro -%}

{#- The channel of `via`, which is an object for a ticket, and an object or a text for a comment. -#}
{%- macro via_channel(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        cast(null as {{ zendesk_on_airbyte.type_text() }})
    {%- elif zendesk_on_airbyte.is_json(zendesk_on_airbyte.type_of(stream, name)) -%}
        coalesce(
            {{ zendesk_on_airbyte.json_text(zendesk_on_airbyte.json(stream, name), ['channel']) }},
            {{ zendesk_on_airbyte.plain_text(zendesk_on_airbyte.json(stream, name)) }}
        )
    {%- else -%}
        case when {{ zendesk_on_airbyte.raw(stream, name) }} like '{{ '{%' }}'
            then {{ zendesk_on_airbyte.json_text(zendesk_on_airbyte.json(stream, name), ['channel']) }}
            else {{ zendesk_on_airbyte.raw(stream, name) }} end
    {%- endif -%}
{%- endmacro -%}

{#- A JSON value as text if it is a text, else null. -#}
{%- macro plain_text(value) -%}{{ return(adapter.dispatch('plain_text', 'zendesk_on_airbyte')(value)) }}{%- endmacro -%}
{%- macro default__plain_text(value) -%}case when {{ value }} not like '{{ '{%' }}' then {{ value }} end{%- endmacro -%}
{%- macro postgres__plain_text(value) -%}case when jsonb_typeof({{ value }}) = 'string' then {{ value }} #>> '{}' end{%- endmacro -%}
{%- macro duckdb__plain_text(value) -%}case when json_type({{ value }}) = 'VARCHAR' then json_extract_string({{ value }}, '$') end{%- endmacro -%}
{%- macro snowflake__plain_text(value) -%}case when is_varchar({{ value }}) then cast({{ value }} as varchar) end{%- endmacro -%}
{%- macro bigquery__plain_text(value) -%}case when json_type({{ value }}) = 'string' then json_value({{ value }}) end{%- endmacro -%}
{%- macro redshift__plain_text(value) -%}case when is_varchar({{ value }}) then cast({{ value }} as varchar(65535)) end{%- endmacro -%}
