{{ config(alias='brand') }}
{%- set brands = stream('brands') %}

select
    {{ columns(brands,
        integers=['id'],
        texts=['url', 'name', 'brand_url', 'subdomain', 'help_center_state'],
        booleans=['active', 'has_help_center'],
        times=['created_at', 'updated_at']) }},
    {{ json_text(json(brands, 'logo'), ['id']) }} as logo_id,
    {{ json_text(json(brands, 'logo'), ['file_name']) }} as logo_file_name,
    {{ json_text(json(brands, 'logo'), ['content_url']) }} as logo_content_url,
    coalesce({{ boolean(brands, 'is_deleted') }}, false) as _fivetran_deleted,
    {{ synced(brands) }}
{{ from_stream(brands) }}
