//! The settings of Talk, and its counts of the day. Fields: Zendesk, Talk API; the pages named
//! after the resources.

use super::Seed;
use super::json::{Json, Object, object};

pub(crate) fn phone_number(seed: &Seed) -> String {
    seed.finish(number(seed))
}

/// A phone number, or a digital line, which has no number.
pub(crate) fn line(seed: &Seed) -> String {
    if !seed.on(0, 3) {
        return seed.finish(number(seed));
    }
    seed.finish(
        object! {
            "id": seed.id,
            "line_id": format!("aebe0a5f-{:012x}", seed.bits(1) & 0xffff_ffff_ffff),
            "line_type": "digital",
            "outbound_number": seed.or_null(1, "+15555550199"),
        }
        .and(of_any_line(seed)),
    )
}

fn number(seed: &Seed) -> Object {
    let digits = format!("+1555{:07}", seed.bits(0) % 10_000_000);
    object! {
        "id": seed.id,
        "number": digits.clone(),
        "display_number": digits,
        "name": seed.name("Line", 0),
        "country_code": seed.pick(0, &["US", "IE", "DE"]),
        "location": seed.name("Dublin", 2),
        "toll_free": seed.on(0, 3),
        "external": seed.on(1, 5),
        "line_type": "phone",
        "ivr_id": seed.or_null(2, seed.other_id(60)),
        "sms_group_id": seed.or_null(3, seed.other_id(3)),
        "voice_enabled": true,
        "sms_enabled": seed.on(2, 2),
        "outbound_enabled": seed.on(3, 2),
        "outbound_number": Json::NULL,
        "failover_number": seed.or_null(4, "+15555550123"),
        "capabilities": object! {
            "sms": seed.on(2, 2), "mms": false, "voice": true, "emergency_address": seed.on(0, 4),
        },
        "post_call_voice_ai_enabled": seed.on(1, 3),
        "voice_qa_enabled": seed.on(2, 3),
        // In answers; what it is for is not documented.
        "token": format!("secret-{:016x}", seed.bits(5)),
    }
    .and(of_any_line(seed))
}

fn of_any_line(seed: &Seed) -> Object {
    let greetings = object! { "1": seed.other_id(61), "2": "voicemail_en" };
    object! {
        "nickname": seed.text(4),
        "brand_id": seed.or_null(5, seed.other_id(10)),
        "default_group_id": seed.or_null(6, seed.other_id(3)),
        "group_ids": [seed.other_id(3)],
        "schedule_id": seed.or_null(0, seed.other_id(62)),
        "priority": i32::from(seed.on(0, 2)),
        "recorded": seed.on(1, 2),
        "transcription": seed.on(2, 3),
        "call_recording_consent": seed.pick(0, &["always", "opt_in", "opt_out", "never"]),
        "greeting_ids": [seed.other_id(61)],
        "default_greeting_ids": ["voicemail_en", "hold_1_en"],
        "categorised_greetings": greetings,
        "categorised_greetings_with_sub_settings": object! {
            "1": object! { "voicemail_on_outside_business_hours": seed.other_id(61) },
        },
        "ai_agent_enabled": seed.on(3, 3),
        "bot_id": seed.or_null(1, "01GCSJW391QVSC80GYDH7E93Q6"),
        "created_at": seed.created(),
    }
}

/// An IVR tree of menus. Some trees have no menus yet.
pub(crate) fn ivr(seed: &Seed) -> String {
    let menus: Vec<Json> = (0..seed.n % 3).map(|nth| menu(seed, nth).into()).collect();
    seed.finish(object! {
        "id": seed.id,
        "name": seed.name("IVR", 0),
        "phone_number_ids": [seed.other_id(63)],
        "phone_number_names": [seed.text(1)],
        "sip_line_ids": Json::raw("[]"),
        "sip_line_names": Json::raw("[]"),
        "menus": menus,
    })
}

/// The nth menu of a tree. The ids of trees are more than a hundred apart, so that the ids of menus
/// and routes fit between them.
fn menu(seed: &Seed, nth: u64) -> Object {
    let id = seed.id + 1 + nth * 16;
    let routes: Vec<Json> = (0..3 * (1 - nth % 2) + nth).map(|at| route(seed, id, at)).collect();
    object! {
        "id": id,
        "name": seed.text(2 + nth),
        "default": nth == 0,
        "greeting_id": seed.or_null(nth, seed.other_id(61)),
        "greeting_loop_count": nth,
        "routes": routes,
    }
}

fn route(seed: &Seed, menu: u64, at: u64) -> Json {
    let action = seed.pick(at, &["group", "voicemail", "phone_number", "textback", "menu"]);
    let options = match action {
        "group" => object! { "group_ids": [seed.other_id(3)] },
        "phone_number" => object! { "phone_number": "+15555550100" },
        "menu" => object! { "menu_id": menu },
        _ => Object::default(),
    };
    object! {
        "id": menu + 1 + at,
        "keypress": seed.pick(at, &["1", "2", "*", "#", "default"]),
        "action": action,
        "greeting": Json::NULL,
        "option_text": seed.or_null(at, seed.text(5 + at)),
        "options": options,
        "overflow_options": if seed.on(at, 2) { vec!["voicemail"] } else { vec![] },
    }
    .into()
}

/// A greeting. Zendesk's own greetings have a text as id, the account's have a number.
pub(crate) fn greeting(seed: &Seed) -> String {
    let is_own = !seed.on(0, 3);
    let id = if is_own { Json::from(seed.id) } else { format!("voicemail_en_{}", seed.id).into() };
    seed.finish(object! {
        "id": id,
        "name": seed.text(0),
        "category_id": seed.or_null(1, seed.n % 6 + 1),
        "default": !is_own,
        "default_lang": !is_own,
        "active": seed.on(1, 2),
        "pending": false,
        "has_sub_settings": seed.on(2, 4),
        "audio_name": is_own.then(|| seed.name("hold.mp3", 3)),
        "audio_url": is_own.then(|| seed.address("api/v2/channels/voice/greetings/1/upload.mp3")),
        "upload_id": is_own.then(|| seed.other_id(64)),
        "phone_number_ids": if is_own { vec![seed.other_id(63)] } else { vec![] },
        "ivr_ids": if seed.on(3, 4) { vec![seed.other_id(60)] } else { vec![] },
    })
}

pub(crate) fn greeting_category(seed: &Seed) -> String {
    seed.finish(object! { "id": seed.id, "name": seed.name("voicemail", 0) })
}

pub(crate) fn address(seed: &Seed) -> String {
    seed.finish(object! {
        "id": seed.id,
        "name": seed.text(0),
        "street": seed.name("1 Grand Canal Street Upper", 1),
        "zip": "D04 Y7R5",
        "city": "Dublin",
        "state": Json::NULL,
        "province": "Dublin",
        "country_code": "IE",
        "provider_reference": format!("AD{:032x}", u128::from(seed.bits(1))),
    })
}

/// The counts of one agent.
const OF_AN_AGENT: &[&str] = &[
    "online_time",
    "available_time",
    "away_time",
    "transfers_only_time",
    "calls_accepted",
    "calls_denied",
    "calls_missed",
    "calls_unreachable",
    "calls_put_on_hold",
    "total_call_duration",
    "total_talk_time",
    "average_talk_time",
    "total_wrap_up_time",
    "average_wrap_up_time",
    "total_hold_time",
    "average_hold_time",
    "started_transfers",
    "accepted_transfers",
    "started_third_party_conferences",
    "accepted_third_party_conferences",
];

const OF_ALL_AGENTS: &[&str] = &[
    "average_accepted_transfers",
    "average_available_time",
    "average_away_time",
    "average_calls_accepted",
    "average_calls_denied",
    "average_calls_missed",
    "average_calls_put_on_hold",
    "average_hold_time",
    "average_online_time",
    "average_started_transfers",
    "average_talk_time",
    "average_transfers_only_time",
    "average_wrap_up_time",
    "total_accepted_transfers",
    "total_calls_accepted",
    "total_calls_denied",
    "total_calls_missed",
    "total_calls_put_on_hold",
    "total_hold_time",
    "total_started_transfers",
    "total_talk_time",
    "total_wrap_up_time",
];

const OF_THE_ACCOUNT: &[&str] = &[
    "average_call_duration",
    "average_callback_wait_time",
    "average_hold_time",
    "average_queue_wait_time",
    "average_time_to_answer",
    "average_wrap_up_time",
    "max_calls_waiting",
    "max_queue_wait_time",
    "total_call_duration",
    "total_callback_calls",
    "total_calls",
    "total_calls_abandoned_in_queue",
    "total_calls_outside_business_hours",
    "total_calls_with_exceeded_queue_wait_time",
    "total_calls_with_requested_voicemail",
    "total_embeddable_callback_calls",
    "total_hold_time",
    "total_inbound_calls",
    "total_outbound_calls",
    "total_textback_requests",
    "total_voicemails",
    "total_wrap_up_time",
];

const OF_THE_QUEUE: &[&str] = &[
    "agents_online",
    "ai_agent_calls",
    "average_wait_time",
    "callbacks_waiting",
    "calls_waiting",
    "embeddable_callbacks_waiting",
    "longest_wait_time",
];

fn counts(seed: &Seed, names: &[&str]) -> Object {
    let with =
        |object: Object, (salt, name): (u64, &&str)| object.with(*name, seed.bits(salt) % 900);
    (20..).zip(names).fold(Object::default(), with)
}

pub(crate) fn agent_activity(seed: &Seed) -> String {
    let agent = object! {
        "agent_id": seed.id,
        "name": seed.text(0),
        "via": seed.pick(0, &["client", "phone"]),
        "agent_state": seed.pick(1, &["online", "away", "offline", "transfers_only"]),
        "call_status": seed.or_null(2, "on_call"),
        "avatar_url": seed.address("images/avatar.png"),
        "forwarding_number": seed.or_null(3, "+15555550142"),
    };
    seed.finish(agent.and(counts(seed, OF_AN_AGENT)))
}

pub(crate) fn agents_overview(seed: &Seed) -> String {
    seed.finish(counts(seed, OF_ALL_AGENTS))
}

pub(crate) fn account_overview(seed: &Seed) -> String {
    seed.finish(counts(seed, OF_THE_ACCOUNT))
}

pub(crate) fn current_queue_activity(seed: &Seed) -> String {
    seed.finish(counts(seed, OF_THE_QUEUE))
}

pub(crate) fn settings(seed: &Seed) -> String {
    seed.finish(object! {
        "voice": true,
        "maximum_queue_size": 5,
        "maximum_queue_wait_time": 1,
        "only_during_business_hours": false,
        "agent_wrap_up_after_calls": true,
        "agent_confirmation_when_forwarding": true,
        "recordings_public": seed.on(0, 2),
        "supported_locales": [object! { "locale": "en", "name": "English" }],
        "knowledge_suggestions_enabled": false,
        "knowledge_suggestions_group_ids": [seed.other_id(3)],
        "voice_ai_enabled": seed.on(1, 2),
        "voice_ai_display_transcript": false,
        "voice_ai_enabled_lines": [seed.other_id(63)],
        "voice_transcriptions_pii_redaction": true,
        "voice_transcriptions_pci_redaction": false,
        "voice_transcriptions_boosted_keywords_enabled": false,
        "voice_transcriptions_boosted_keywords": "",
        "voice_zendesk_qa_enabled": false,
        "voice_zendesk_qa_enabled_lines": Json::raw("[]"),
    })
}
