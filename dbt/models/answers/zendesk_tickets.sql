{#- The tickets as they are now, with the names of what they point at. -#}

select
    tickets.id,
    tickets.subject,
    tickets.status,
    tickets.priority,
    tickets.type,
    tickets.via_channel as channel,
    tickets.created_at,
    tickets.updated_at,
    tickets._fivetran_deleted as is_deleted,
    tickets.requester_id,
    requesters.name as requester_name,
    requesters.email as requester_email,
    tickets.organization_id,
    organizations.name as organization_name,
    tickets.assignee_id,
    assignees.name as assignee_name,
    tickets.group_id,
    ticket_groups.name as group_name,
    tickets.brand_id,
    brands.name as brand_name
from {{ ref('fivetran_ticket') }} as tickets
left join {{ ref('fivetran_user') }} as requesters on requesters.id = tickets.requester_id
left join {{ ref('fivetran_organization') }} as organizations on organizations.id = tickets.organization_id
left join {{ ref('fivetran_user') }} as assignees on assignees.id = tickets.assignee_id
left join {{ ref('fivetran_group') }} as ticket_groups on ticket_groups.id = tickets.group_id
left join {{ ref('fivetran_brand') }} as brands on brands.id = tickets.brand_id
