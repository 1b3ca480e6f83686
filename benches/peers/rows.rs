//! Rows as Zendesk writes them, made from their number. They have the sizes and shapes of a ticket
//! (3 KB), a user (1.2 KB), a ticket event with a comment in it (2 KB) and a ticket metric (1 KB).

use std::fmt::Write;

/// Random numbers that are the same for the same row.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(number: u64) -> Self {
        Self(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    /// A word from a vocabulary of some thousands. Common words come more often.
    fn word(&mut self, out: &mut String) {
        const SYLLABLES: [&str; 20] = [
            "an", "ber", "co", "der", "e", "fi", "ge", "hel", "in", "ka", "lo", "mi", "no", "per",
            "re", "sta", "ti", "un", "ver", "zo",
        ];
        let (one, other) = (self.below(20), self.below(20));
        let rank = one.min(other) * 20 + self.below(20);
        out.push_str(SYLLABLES[(rank % 20) as usize]);
        out.push_str(SYLLABLES[(rank / 20) as usize]);
        if rank.is_multiple_of(3) {
            out.push_str(SYLLABLES[self.below(20) as usize]);
        }
        // Few words are not ASCII.
        if rank.is_multiple_of(41) {
            out.push('ß');
        }
    }

    /// Words, with a line break (as JSON writes it) after every twelve.
    fn text(&mut self, words: u64) -> String {
        let mut out = String::new();
        for at in 0..words {
            match at {
                0 => {}
                at if at % 12 == 0 => out.push_str(".\\n"),
                _ => out.push(' '),
            }
            self.word(&mut out);
        }
        out
    }
}

fn iso(second: i64) -> String {
    chrono::DateTime::from_timestamp(second, 0)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

pub(crate) fn ticket(number: u64, second: i64, status: &str, metric_set: bool) -> String {
    let mut chance = Chance::of(number);
    let id = 1_000_000 + number;
    let (created, updated) = (iso(second - 90_000), iso(second));
    let (subject, description) = (chance.text(7), chance.text(55));
    let mut fields = String::new();
    for at in 0..16 {
        let value = match at % 4 {
            0 => "null".to_owned(),
            1 => format!("\"{}\"", chance.text(2)),
            2 => "false".to_owned(),
            _ => chance.below(90_000).to_string(),
        };
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(fields, r#"{comma}{{"id":{},"value":{value}}}"#, 360_000_100_000_u64 + at);
    }
    let metric_set = if metric_set {
        format!(r#","metric_set":{}"#, metric(number, second))
    } else {
        String::new()
    };
    let person = |chance: &mut Chance| 370_000_000_000_u64 + chance.below(50_000);
    let (requester, submitter, assignee) =
        (person(&mut chance), person(&mut chance), person(&mut chance));
    format!(
        r#"{{"url":"https://acme.zendesk.com/api/v2/tickets/{id}.json","id":{id},"external_id":null,"via":{{"channel":"email","source":{{"from":{{"address":"u{requester}@example.com","name":"{}"}},"to":{{"name":"Acme","address":"support@acme.zendesk.com"}},"rel":null}}}},"created_at":"{created}","updated_at":"{updated}","generated_timestamp":{second},"type":"incident","subject":"{subject}","raw_subject":"{subject}","description":"{description}","priority":"normal","status":"{status}","recipient":"support@acme.zendesk.com","requester_id":{requester},"submitter_id":{submitter},"assignee_id":{assignee},"organization_id":360{:09},"group_id":360{:09},"collaborator_ids":[],"follower_ids":[],"email_cc_ids":[],"forum_topic_id":null,"problem_id":null,"has_incidents":false,"is_public":true,"due_at":null,"tags":["{}","{}","{}"],"custom_fields":[{fields}],"satisfaction_rating":{{"score":"unoffered"}},"sharing_agreement_ids":[],"custom_status_id":1900000{:06},"encoded_id":"{:06X}-{:04X}","fields":[{fields}],"followup_ids":[],"ticket_form_id":360000010001,"brand_id":360000020002,"allow_channelback":false,"allow_attachments":true,"from_messaging_channel":false,"support_type":"agent","deleted_ticket_form_id":null{metric_set}}}"#,
        chance.text(2),
        chance.below(10_000),
        chance.below(100),
        chance.text(1),
        chance.text(1),
        chance.text(1),
        chance.below(9),
        number,
        chance.below(65_536),
    )
}

pub(crate) fn user(number: u64, second: i64) -> String {
    let mut chance = Chance::of(number);
    let id = 370_000_000_000 + number;
    let (created, updated) = (iso(second - 90_000), iso(second));
    format!(
        r#"{{"id":{id},"url":"https://acme.zendesk.com/api/v2/users/{id}.json","name":"{}","email":"u{id}@example.com","created_at":"{created}","updated_at":"{updated}","time_zone":"Berlin","iana_time_zone":"Europe/Berlin","phone":null,"shared_phone_number":null,"photo":null,"locale_id":1,"locale":"en-US","organization_id":360{:09},"role":"end-user","verified":true,"external_id":null,"tags":["{}","{}"],"alias":"","active":true,"shared":false,"shared_agent":false,"last_login_at":"{updated}","two_factor_auth_enabled":null,"signature":null,"details":"{}","notes":"{}","role_type":null,"custom_role_id":null,"moderator":false,"ticket_restriction":"requested","only_private_comments":false,"restricted_agent":true,"suspended":false,"default_group_id":null,"report_csv":false,"user_fields":{{"plan":"{}","seats":{},"since":null}}}}"#,
        chance.text(2),
        chance.below(10_000),
        chance.text(1),
        chance.text(1),
        chance.text(9),
        chance.text(9),
        chance.text(1),
        chance.below(500),
    )
}

pub(crate) fn ticket_event(number: u64, second: i64) -> String {
    let mut chance = Chance::of(number);
    let (id, created, author) = (500_000_000 + number, iso(second), 370_000_000_000 + number);
    let body = chance.text(60);
    let html = format!(
        r#"\u003cdiv class=\"zd-comment\" dir=\"auto\"\u003e{}\u003c/div\u003e"#,
        body.replace("\\n", "\\u003cbr\\u003e")
    );
    format!(
        r#"{{"child_events":[{{"id":{},"type":"Comment","author_id":{author},"body":"{body}","html_body":"{html}","plain_body":"{body}","public":true,"attachments":[],"audit_id":{id},"via":{{"channel":"email","source":{{"from":{{"address":"u{author}@example.com","name":null}},"to":{{}},"rel":null}}}},"via_reference_id":null,"metadata":{{}},"created_at":"{created}","event_type":"Comment"}},{{"id":{},"via":"Mail","via_reference_id":null,"status":"open","previous_value":"new","event_type":"Change"}}],"id":{id},"ticket_id":{},"timestamp":{second},"created_at":"{created}","updater_id":{author},"via":"Mail","system":{{"client":"{}","location":"Berlin, Germany","latitude":52.5,"longitude":13.4}},"metadata":{{}},"event_type":"Audit"}}"#,
        id * 2,
        id * 2 + 1,
        1_000_000 + number,
        chance.text(4),
    )
}

pub(crate) fn metric(number: u64, second: i64) -> String {
    let mut chance = Chance::of(number);
    let (id, ticket, created, updated) =
        (700_000_000 + number, 1_000_000 + number, iso(second - 90_000), iso(second));
    let mut minutes =
        || format!(r#"{{"calendar":{},"business":{}}}"#, chance.below(9_999), chance.below(999));
    format!(
        r#"{{"url":"https://acme.zendesk.com/api/v2/ticket_metrics/{id}.json","id":{id},"ticket_id":{ticket},"created_at":"{created}","updated_at":"{updated}","group_stations":1,"assignee_stations":1,"reopens":0,"replies":2,"assignee_updated_at":"{updated}","requester_updated_at":"{updated}","status_updated_at":"{updated}","initially_assigned_at":"{created}","assigned_at":"{created}","solved_at":null,"latest_comment_added_at":"{updated}","reply_time_in_minutes":{},"first_resolution_time_in_minutes":{},"full_resolution_time_in_minutes":{},"agent_wait_time_in_minutes":{},"requester_wait_time_in_minutes":{},"on_hold_time_in_minutes":{},"custom_status_updated_at":"{updated}"}}"#,
        minutes(),
        minutes(),
        minutes(),
        minutes(),
        minutes(),
        minutes(),
    )
}
