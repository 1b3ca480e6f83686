{#- A stream as its destination wrote it: where its rows are, and which columns of which types its table has.
    Every other macro of this file takes what this one returns.

    A destination leaves out the columns that were not selected, and writes no table for a stream that was not.
    Both read as null here. Only the streams without which nothing is right are an error. -#}
{%- macro stream(name) -%}
    {%- set declared = source('zendesk_airbyte', name) -%}
    {%- set found = none -%}
    {%- if execute -%}
        {%- set found = adapter.get_relation(
            database=declared.database, schema=declared.schema, identifier=declared.identifier) -%}
        {%- if not found and name in zendesk_on_airbyte.required_streams() -%}
            {{ exceptions.raise_compiler_error(
                "There is no table " ~ declared ~ " of the stream " ~ name ~ ". Select the stream in the sync"
                ~ (", after its name was written into the option extra_streams" if name == 'ticket_field_history' else "")
                ~ ", or say by the variables airbyte_schema, airbyte_database, airbyte_prefix and airbyte_tables "
                ~ "where its table is.") }}
        {%- endif -%}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- if found -%}
        {%- for column in adapter.get_columns_in_relation(found) -%}
            {%- do columns.update({column.name | lower: column}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return({
        'name': name,
        'columns': columns,
        'rows': zendesk_on_airbyte.newest_rows(found, columns) if found
            else '(select 1 as nothing from (select 1 as one) as one_row where 1 = 0)',
    }) }}
{%- endmacro -%}

{%- macro required_streams() -%}
    {{ return(['tickets', 'users', 'groups', 'ticket_comments', 'ticket_field_history']) }}
{%- endmacro -%}

{#- The rows of a table; of a table that a destination appends to, the newest of each key. -#}
{%- macro newest_rows(relation, columns) -%}
    {%- if var('airbyte_appended', false) and '_airbyte_extracted_at' in columns -%}
        (select * from (
            select every_row.*, row_number() over (
                partition by {{ adapter.quote(columns['id'].name) }}
                order by {{ adapter.quote(columns['_airbyte_extracted_at'].name) }} desc
                    {%- if 'updated_at' in columns %}, {{ adapter.quote(columns['updated_at'].name) }} desc{% endif %}
            ) as age_of_row
            from {{ relation }} as every_row
        ) as numbered where age_of_row = 1)
    {%- else -%}
        {{ return(relation) }}
    {%- endif -%}
{%- endmacro -%}

{#- `from` of a model over a stream. -#}
{%- macro from_stream(stream) -%}
    from {{ stream.rows }} as source_row
{%- endmacro -%}

{%- macro has(stream, name) -%}
    {{ return(name in stream.columns) }}
{%- endmacro -%}

{%- macro raw(stream, name) -%}
    source_row.{{ adapter.quote(stream.columns[name].name) }}
{%- endmacro -%}

{#- The column's type, in lower case, as the warehouse calls it. -#}
{%- macro type_of(stream, name) -%}
    {{ return(stream.columns[name].data_type | lower) }}
{%- endmacro -%}

{%- macro is_json(type) -%}
    {{ return(type.startswith('json') or type in ['variant', 'object', 'array', 'super']) }}
{%- endmacro -%}

{#- dbt's own type for texts is cut at 256 bytes in Redshift. -#}
{%- macro type_text() -%}
    {%- if target.type == 'redshift' -%}varchar(65535){%- else -%}{{ dbt.type_string() }}{%- endif -%}
{%- endmacro -%}

{%- macro text(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        cast(null as {{ zendesk_on_airbyte.type_text() }})
    {%- elif zendesk_on_airbyte.is_json(zendesk_on_airbyte.type_of(stream, name)) -%}
        {{ zendesk_on_airbyte.json_scalar(zendesk_on_airbyte.json(stream, name)) }}
    {%- else -%}
        cast({{ zendesk_on_airbyte.raw(stream, name) }} as {{ zendesk_on_airbyte.type_text() }})
    {%- endif -%}
{%- endmacro -%}

{#- A column that Zendesk declares as a number or a text arrives as JSON from some destinations. -#}
{%- macro integer(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        cast(null as {{ dbt.type_bigint() }})
    {%- elif zendesk_on_airbyte.is_json(zendesk_on_airbyte.type_of(stream, name)) -%}
        cast({{ zendesk_on_airbyte.text(stream, name) }} as {{ dbt.type_bigint() }})
    {%- else -%}
        cast({{ zendesk_on_airbyte.raw(stream, name) }} as {{ dbt.type_bigint() }})
    {%- endif -%}
{%- endmacro -%}

{%- macro boolean(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        cast(null as {{ dbt.type_boolean() }})
    {%- elif zendesk_on_airbyte.is_json(zendesk_on_airbyte.type_of(stream, name)) -%}
        ({{ zendesk_on_airbyte.text(stream, name) }} = 'true')
    {%- else -%}
        cast({{ zendesk_on_airbyte.raw(stream, name) }} as {{ dbt.type_boolean() }})
    {%- endif -%}
{%- endmacro -%}

{#- A time in UTC, without a zone where the warehouse has such a type. -#}
{%- macro time(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        cast(null as {{ zendesk_on_airbyte.type_time() }})
    {%- else -%}
        {{ zendesk_on_airbyte.utc(zendesk_on_airbyte.raw(stream, name), zendesk_on_airbyte.type_of(stream, name)) }}
    {%- endif -%}
{%- endmacro -%}

{#- A list or an object, in the type that the warehouse's functions for JSON take. -#}
{%- macro json(stream, name) -%}
    {%- if not zendesk_on_airbyte.has(stream, name) -%}
        {{ zendesk_on_airbyte.no_json() }}
    {%- else -%}
        {{ zendesk_on_airbyte.as_json(zendesk_on_airbyte.raw(stream, name), zendesk_on_airbyte.type_of(stream, name)) }}
    {%- endif -%}
{%- endmacro -%}

{#- Columns under the names that they have. -#}
{%- macro columns(stream, integers=[], texts=[], booleans=[], times=[]) -%}
    {%- set written = [] -%}
    {%- for name in integers -%}
        {%- do written.append(zendesk_on_airbyte.integer(stream, name) ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {%- for name in texts -%}
        {%- do written.append(zendesk_on_airbyte.text(stream, name) ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {%- for name in booleans -%}
        {%- do written.append(zendesk_on_airbyte.boolean(stream, name) ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {%- for name in times -%}
        {%- do written.append(zendesk_on_airbyte.time(stream, name) ~ ' as ' ~ name) -%}
    {%- endfor -%}
    {{ written | join(',\n    ') }}
{%- endmacro -%}

{#- When the destination wrote the row. -#}
{%- macro synced(stream) -%}
    {{ zendesk_on_airbyte.time(stream, '_airbyte_extracted_at') }} as _fivetran_synced
{%- endmacro -%}

{#- The column that the connector's option deleted_at_field adds, whatever its name is; none without the option. -#}
{%- macro deletion_column(stream) -%}
    {%- set names = [var('deleted_at_field', none), '_deleted_at', '_ab_cdc_deleted_at', '_landed_deleted_at'] -%}
    {%- for name in names if name and (name | lower) in stream.columns -%}
        {{ return(name | lower) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro -%}

{#- When the row's object was deleted, where the connector says so. -#}
{%- macro deleted_at(stream) -%}
    {%- set name = zendesk_on_airbyte.deletion_column(stream) -%}
    {{ zendesk_on_airbyte.time(stream, name or '_deleted_at') }}
{%- endmacro -%}
