//! The account in which the examples of the destination's guide are run: people and a company of a
//! shop, with custom fields.

use super::{Account, CustomField};
use serde_json::json;

/// How long ago the people were written, in seconds. Searches and exports know them.
const WRITTEN_BEFORE: i64 = 600;

impl Account {
    /// Replaces the custom fields by those of the guide, and adds its people and their company.
    pub fn add_guide(&mut self) {
        let plans = [("gold", "Gold"), ("silver", "Silver"), ("bronze", "Bronze")];
        let severities = [("severity_high", "High"), ("severity_low", "Low")];
        let of_users = [
            CustomField::new("dropdown", "plan", "Plan").with_options(&plans),
            CustomField::new("integer", "seats", "Seats"),
            CustomField::new("date", "renewal", "Renewal"),
            CustomField::new("checkbox", "audience_vip", "VIP"),
        ];
        let of_organizations = [
            CustomField::new("dropdown", "tier", "Tier").with_options(&plans),
            CustomField::new("checkbox", "audience_at_risk", "At risk"),
        ];
        let of_tickets =
            [CustomField::new("tagger", "severity", "Severity").with_options(&severities)];
        let now = self.now;
        self.now -= WRITTEN_BEFORE;
        for (of, fields) in [
            ("users", &of_users[..]),
            ("organizations", &of_organizations),
            ("tickets", &of_tickets),
        ] {
            self.remove_fields(of);
            self.add_fields(of, fields);
        }
        let shop =
            self.write_new("organizations", json!({ "name": "Corner Shop", "external_id": "o-1" }));
        for row in [
            json!({ "external_id": "c-1", "name": "Ann Lee", "email": "ann@example.com",
                "tags": ["met_in_may"], "organization_id": shop,
                "user_fields": { "plan": "silver", "audience_vip": false } }),
            json!({ "external_id": "c-2", "name": "Ben Ito", "email": "ben@example.com",
                "user_fields": { "plan": "gold", "audience_vip": true } }),
            json!({ "name": "Cleo Diaz", "email": "cleo@example.com" }),
            json!({ "external_id": "c-4", "name": "Dan Fox", "email": "dan@example.com",
                "user_fields": { "plan": "gold", "audience_vip": true } }),
        ] {
            self.write_new("users", row);
        }
        self.now = now;
    }
}
