//! Settings of an administrator: roles, brands, schedules, routing attributes, and the audit log of
//! changes. Fields: Zendesk, Custom Agent Roles; Audit Logs; Brands; Schedules; Skill-based
//! Routing.

use super::Seed;
use super::json::{Json, object};
use super::people::picture;
use super::ticket_activity::uuid;

pub(crate) fn custom_role(seed: &Seed) -> String {
    let mut configuration = object! {
        "custom_objects": custom_object_scopes(seed),
        "explore_reports": explore_reports(seed),
    };
    for (index, (key, values)) in LEVELS.iter().enumerate() {
        configuration = configuration.with(*key, seed.pick(index as u64, values));
    }
    for (index, key) in SWITCHES.iter().enumerate() {
        configuration = configuration.with(*key, seed.bits(index as u64).is_multiple_of(2));
    }
    for number in 1..=UNDOCUMENTED_SWITCHES {
        configuration = configuration.with(format!("undocumented_{number:02}"), seed.on(number, 2));
    }
    seed.finish(object! {
        "id": seed.id,
        "name": seed.name("Role", 0),
        "description": seed.text(5),
        "role_type": seed.pick(0, &[0, 1, 2, 3, 4, 5]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "configuration": configuration,
        "team_member_count": seed.bits(100) % 50,
    })
}

fn custom_object_scopes(seed: &Seed) -> Json {
    let shipment = object! { "scopes": ["read", "update", "delete", "create"] };
    let product = object! { "scopes": Json::raw("[]") };
    match seed.n % 2 {
        0 => object! {}.into(),
        _ => object! { "shipment": shipment, "id": product }.into(),
    }
}

fn explore_reports(seed: &Seed) -> Json {
    match seed.n % 3 {
        0 => Json::NULL,
        1 => object! {
            "ticket_access": "selected-groups",
            "ticket_access_selected_groups": ["1260803907490"],
        }
        .into(),
        _ => object! {
            "groups_ticket_access": "all",
            "brands_ticket_access": "selected-brands",
            "ticket_access_selected_groups": Json::raw("[]"),
            "ticket_access_selected_brands": ["19873786"],
        }
        .into(),
    }
}

/// Permissions that have levels.
const LEVELS: [(&str, &[&str]); 14] = [
    ("capacity_rules_access", &["none", "readonly", "full"]),
    ("end_user_list_access", &["full", "none"]),
    ("end_user_profile_access", &["edit", "edit-within-org", "full", "readonly"]),
    ("explore_access", &["edit", "full", "none", "readonly"]),
    ("forum_access", &["edit-topics", "full", "readonly"]),
    ("it_asset_management_access", &["none", "readonly", "edit"]),
    ("macro_access", &["full", "manage-group", "manage-personal", "readonly"]),
    ("manage_roles", &["all-except-self", "none"]),
    ("manage_team_members", &["all-with-self-restriction", "readonly", "none"]),
    ("report_access", &["full", "none", "readonly"]),
    ("ticket_access", &["all", "assigned-only", "within-groups", "within-organization"]),
    ("ticket_comment_access", &["public", "none"]),
    ("user_view_access", &["full", "manage-group", "manage-personal", "none", "readonly"]),
    ("view_access", &["full", "manage-group", "manage-personal", "playonly", "readonly"]),
];

/// Permissions that are on or off.
const SWITCHES: [&str; 62] = [
    "assign_agent_statuses",
    "assign_tickets_to_any_brand",
    "assign_tickets_to_any_group",
    "chat_access",
    "execute_it_asset_management_actions",
    "export_views",
    "forum_access_restricted_content",
    "group_access",
    "light_agent",
    "manage_api_credentials",
    "manage_approval_requests",
    "manage_automations",
    "manage_business_rules",
    "manage_contextual_workspaces",
    "manage_deletion_schedules",
    "manage_dynamic_content",
    "manage_extensions_and_channels",
    "manage_facebook",
    "manage_group_memberships",
    "manage_groups",
    "manage_ip_bans",
    "manage_it_asset_configuration",
    "manage_macro_content_suggestions",
    "manage_malicious_attachments",
    "manage_organization_fields",
    "manage_organizations",
    "manage_skills",
    "manage_slas",
    "manage_support_apps",
    "manage_suspended_tickets",
    "manage_ticket_fields",
    "manage_ticket_forms",
    "manage_ticket_settings",
    "manage_triggers",
    "manage_user_fields",
    "manage_user_own_contacts",
    "manage_user_own_forwarding_numbers",
    "manage_user_own_photo",
    "moderate_forums",
    "modify_closed_tickets",
    "organization_editing",
    "organization_notes_editing",
    "read_macro_content_suggestions",
    "side_conversation_create",
    "ticket_deletion",
    "ticket_editing",
    "ticket_merge",
    "ticket_redaction",
    "ticket_tag_editing",
    "twitter_search_access",
    "update_api_settings",
    "update_user_own_alias",
    "update_user_own_name",
    "update_user_own_signature",
    "use_conversational_assistance",
    "view_access_logs",
    "view_audit_logs",
    "view_deleted_tickets",
    "view_filter_tickets",
    "view_reduced_count",
    "voice_access",
    "voice_dashboard_access",
];

/// How many undocumented permissions a role has. Roles of real accounts have about ninety
/// permissions, a third of them in no documentation. Most of those occur in recorded rows and are
/// listed above. These stand for future ones.
const UNDOCUMENTED_SWITCHES: u64 = 12;

pub(crate) fn audit_log(seed: &Seed) -> String {
    // Zendesk itself acts as user -1.
    let actor_id = if seed.on(2, 6) { -1 } else { seed.user_id as i64 };
    seed.finish(object! {
        "url": seed.url("audit_logs"),
        "id": seed.id,
        "action": seed.pick(0, &["create", "update", "destroy", "login", "exported"]),
        "action_label": seed.pick(0, &["Created", "Updated", "Deleted", "Signed in", "Exported"]),
        "actor_id": actor_id,
        "actor_name": if actor_id < 0 { "Zendesk".into() } else { seed.name("Agent", 1) },
        "source_id": seed.other_id(17),
        "source_type": seed.pick(0, &["user", "rule", "account_setting", "ticket", "apitoken"]),
        "source_label": seed.text(4),
        "change_description": seed.body(7),
        "ip_address": seed.pick(1, &[Some("192.0.2.10"), Some("2001:db8::1"), None, Some("")]),
        "created_at": seed.created(),
    })
}

/// What follows the account's subdomain in the subdomains of its brands.
const BRANDS: [&str; 9] =
    ["", "-outdoor", "labs", "-jp", "-b2b", "4kids", "-de-service", "shop", "-wholesale"];

/// A brand. The first is the account's own and has a help center. The others have no help center
/// that answers, each for another reason, until the account opens it. Every third brand is
/// host-mapped: its help center has its own domain, and the API stays at the subdomain (Zendesk,
/// Brands).
pub(crate) fn brand(seed: &Seed) -> String {
    let subdomain = match BRANDS.get(seed.n as usize - 1) {
        Some(name) => format!("{}{name}", seed.subdomain),
        None => format!("{}-{}", seed.subdomain, seed.n),
    };
    let host_mapping = (seed.n % 3 == 2).then(|| format!("help.{subdomain}.example"));
    let host = host_mapping.clone().unwrap_or_else(|| format!("{subdomain}.zendesk.com"));
    let (has_help_center, state, active) = match seed.n % 3 {
        _ if seed.n == 1 => (true, "enabled", true),
        0 => (false, "disabled", true),
        1 => (true, "disabled", true),
        _ => (true, "enabled", false),
    };
    seed.finish(object! {
        "url": seed.url("brands"),
        "id": seed.id,
        "name": seed.name("Brand", 0),
        "brand_url": format!("https://{host}"),
        "subdomain": subdomain,
        "host_mapping": host_mapping,
        "has_help_center": has_help_center,
        "help_center_state": state,
        "active": active,
        "default": seed.n == 1,
        "is_deleted": false,
        "logo": if seed.on(0, 2) { picture(seed, seed.n / 2).into() } else { Json::NULL },
        "ticket_form_ids": [seed.other_id(9), seed.other_id(18)],
        "signature_template": seed.text(19),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}

pub(crate) fn schedule(seed: &Seed) -> String {
    // Minutes since Sunday midnight; a week has 10080.
    let opening =
        |day: u64| object! { "start_time": day * 1_440 + 540, "end_time": day * 1_440 + 1_020 };
    let intervals = match seed.n % 3 {
        0 => vec![object! { "start_time": 0, "end_time": 10_080 }],
        1 => vec![],
        _ => (1..6).map(opening).collect(),
    };
    seed.finish(object! {
        "id": seed.id,
        "name": seed.name("Schedule", 0),
        "time_zone": seed.pick(0, &["Eastern Time (US & Canada)", "New Caledonia", "UTC"]),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
        "intervals": intervals,
    })
}

pub(crate) fn account_attribute(seed: &Seed) -> String {
    let id = uuid(seed);
    seed.finish(object! {
        "url": seed.address(&format!("api/v2/routing/attributes/{id}.json")),
        "id": id,
        "name": seed.name("Skill", 0),
        "created_at": seed.created(),
        "updated_at": seed.updated(),
    })
}
