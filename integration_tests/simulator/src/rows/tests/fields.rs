//! Every field that a row is known to have, from Zendesk's documentation or from observed answers,
//! and the nested fields that readers need. This list is independent of the makers, so that the two
//! can differ. A resource may be missing: then only its schema describes its rows.

pub(super) const FIELDS: &[(&str, &str)] = &[
    (
        "tickets",
        "allow_attachments allow_channelback assignee_id brand_id collaborator_ids \
         created_at custom_fields custom_status_id deleted_ticket_form_id \
         description due_at email_cc_ids encoded_id external_id fields follower_ids \
         followup_ids forum_topic_id from_messaging_channel generated_timestamp group_id \
         has_incidents id is_public macro_ids organization_id priority problem_id raw_subject \
         recipient requester_id satisfaction_rating sharing_agreement_ids status subject \
         submitter_id support_type tags ticket_form_id type updated_at url via \
         via_followup_source_id",
    ),
    (
        "ticket_metrics",
        "agent_wait_time_in_minutes assigned_at assignee_stations assignee_updated_at \
         created_at custom_status_updated_at first_resolution_time_in_minutes \
         full_resolution_time_in_minutes group_stations id initially_assigned_at \
         latest_comment_added_at on_hold_time_in_minutes reopens replies \
         reply_time_in_minutes reply_time_in_seconds requester_updated_at \
         requester_wait_time_in_minutes solved_at status_updated_at ticket_id updated_at url",
    ),
    ("deleted_tickets", "actor deleted_at description id previous_state subject"),
    ("ticket_skips", "created_at id reason ticket ticket_id updated_at user_id"),
    (
        "ticket_events",
        "child_events created_at event_type id metadata system ticket_id timestamp updater_id \
         via via_reference_id",
    ),
    ("ticket_audits", "author_id created_at events id metadata ticket_id via"),
    (
        "ticket_metric_events",
        "deleted group_sla id instance_id metric sla status ticket_id time type",
    ),
    (
        "ticket_activities",
        "actor actor_id created_at id object target title updated_at url user user_id verb",
    ),
    (
        "satisfaction_ratings",
        "assignee_id comment created_at group_id id reason reason_code reason_id requester_id \
         score ticket_id updated_at url",
    ),
    (
        "side_conversations",
        "created_at external_ids id message_added_at participants preview_text state \
         state_updated_at subject ticket_id updated_at url",
    ),
    (
        "side_conversation_events",
        "actor created_at id message side_conversation_id ticket_id type updates url via",
    ),
    (
        "ticket_conversation_log",
        "attachments author content created_at id metadata received_at reference source type",
    ),
    ("jira_links", "created_at id issue_id issue_key ticket_id updated_at url"),
    (
        "email_notifications",
        "comment_id created_at email_id message_id notification_id recipients ticket_id \
         updated_at url",
    ),
    (
        "monitored_twitter_handles",
        "allow_reply avatar_url brand_id can_reply created_at id name screen_name \
         twitter_user_id updated_at",
    ),
    ("resource_collections", "created_at id resources updated_at"),
    ("ticket_form_statuses", "custom_status_id id ticket_form_id"),
    (
        "deletion_schedules",
        "active conditions created_at default description id title updated_at url",
    ),
    (
        "queues",
        "created_at definition description id name order primary_groups priority \
         secondary_groups updated_at url",
    ),
    ("attribute_values", "created_at id name updated_at url"),
    ("agent_statuses", "attributes id type"),
    ("agent_availabilities", "attributes id links relationships type"),
    (
        "capacity_rules",
        "assignees capacities created_at default description id last_updated_at name",
    ),
    ("capacity_rule_assignees", "agent_id capacity_rule_id"),
    (
        "engagements",
        "agent_id agent_messages_count agent_replies_count \
         assignment_to_first_reply_time_seconds average_requester_wait_time_seconds channel \
         end_user_messages_count engagement_end_reason engagement_end_time engagement_id \
         engagement_start_reason engagement_start_time group_id \
         longest_requester_wait_time_seconds offer_time_seconds requester_id ticket_id \
         ticket_status_end ticket_status_start total_requester_wait_time_seconds",
    ),
    ("routing_attribute_events", "id name time type"),
    ("routing_attribute_value_events", "attribute_id id name time type"),
    ("routing_instance_value_events", "attribute_value_id id instance_id time type"),
    ("tags", "count name"),
    (
        "ticket_fields",
        "active agent_can_edit agent_description collapsed_for_agents created_at \
         creator_app_name creator_user_id custom_field_options custom_statuses description \
         editable_in_portal id key position raw_agent_description raw_description raw_title \
         raw_title_in_portal regexp_for_validation relationship_filter \
         relationship_target_type removable required required_in_portal sub_type_id \
         system_field_options tag title title_in_portal type updated_at url visible_in_portal",
    ),
    (
        "ticket_forms",
        "active agent_conditions created_at default deleted_at display_name \
         end_user_conditions end_user_visible form_type id in_all_brands name position \
         raw_display_name raw_name restricted_brand_ids ticket_field_ids updated_at url",
    ),
    (
        "user_fields",
        "active created_at custom_field_options description id key position raw_description \
         raw_title regexp_for_validation relationship_filter relationship_target_type system \
         tag title type updated_at url",
    ),
    (
        "organization_fields",
        "active created_at custom_field_options description id key position raw_description \
         raw_title regexp_for_validation relationship_filter relationship_target_type system \
         tag title type updated_at url",
    ),
    (
        "users",
        "active alias authenticity_token chat_only created_at custom_role_id default_group_id \
         details email external_id iana_time_zone id is_billing_admin last_login_at locale \
         locale_id moderator name notes only_private_comments organization_id \
         permanently_deleted phone photo remote_photo_url report_csv restricted_agent role \
         role_type shared shared_agent shared_phone_number signature suspended \
         suspension_details tags ticket_restriction time_zone two_factor_auth_enabled \
         updated_at url user_fields verified",
    ),
    (
        "user_identities",
        "created_at deliverable_state id primary type undeliverable_count updated_at url \
         user_id value verification_method verified verified_at",
    ),
    (
        "organizations",
        "created_at deleted_at details domain_names external_id group_id id name notes \
         organization_fields shared_comments shared_tickets tags updated_at url",
    ),
    (
        "organization_memberships",
        "created_at default id organization_id organization_name updated_at url user_id \
         view_tickets",
    ),
    ("groups", "created_at default deleted description id is_public name updated_at url"),
    ("group_memberships", "created_at default group_id id updated_at url user_id"),
    (
        "custom_roles",
        "configuration created_at description id name role_type team_member_count updated_at",
    ),
    (
        "audit_logs",
        "action action_label actor_id actor_name change_description created_at id ip_address \
         source_id source_label source_type url",
    ),
    (
        "brands",
        "active brand_url created_at default has_help_center help_center_state host_mapping \
         id is_deleted logo name signature_template subdomain ticket_form_ids updated_at url",
    ),
    ("schedules", "created_at id intervals name time_zone updated_at"),
    ("account_attributes", "created_at id name updated_at url"),
    (
        "automations",
        "actions active conditions created_at default id position raw_title title updated_at \
         url",
    ),
    (
        "triggers",
        "actions active category_id conditions created_at default description id position \
         raw_title title updated_at url",
    ),
    (
        "macros",
        "actions active app_installation attachments categories created_at default description \
         id permissions position raw_title restriction title updated_at url usage_1h usage_24h \
         usage_30d usage_7d",
    ),
    (
        "sla_policies",
        "created_at description filter id metric_settings policy_metrics position title \
         updated_at url",
    ),
    (
        "attribute_definitions",
        "group metadata nullable operators repeatable subject title type values",
    ),
    (
        "articles",
        "author_id body comments_disabled content_tag_ids created_at draft edited_at html_url \
         id label_names locale name outdated outdated_locales permission_group_id position \
         promoted section_id source_locale title updated_at url user_segment_id \
         user_segment_ids vote_count vote_sum",
    ),
    (
        "article_comments",
        "author_id body created_at html_url id locale non_author_editor_id \
         non_author_updated_at source_id source_type updated_at url vote_count vote_sum",
    ),
    ("article_votes", "created_at id item_id item_type updated_at url user_id value"),
    ("article_comment_votes", "created_at id item_id item_type updated_at url user_id value"),
    (
        "article_attachments",
        "article_id content_type content_url created_at display_file_name file_name id inline \
         locale relative_path size updated_at url",
    ),
    (
        "categories",
        "created_at description html_url id locale name outdated position source_locale \
         updated_at url",
    ),
    (
        "sections",
        "category_id created_at description html_url id locale manageable_by name outdated \
         parent_section_id position sorting source_locale theme_template updated_at url",
    ),
    (
        "topics",
        "community_id created_at description follower_count html_url id manageable_by name \
         position updated_at url user_segment_id",
    ),
    (
        "posts",
        "author_id closed comment_count content_tag_ids created_at details featured \
         follower_count frozen html_url id non_author_editor_id non_author_updated_at pinned \
         status title topic_id updated_at url vote_count vote_sum",
    ),
    (
        "post_comments",
        "author_id body created_at html_url id non_author_editor_id non_author_updated_at \
         official post_id updated_at url vote_count vote_sum",
    ),
    ("post_votes", "created_at id item_id item_type updated_at url user_id value"),
    ("post_comment_votes", "created_at id item_id item_type updated_at url user_id value"),
    (
        "article_translations",
        "body created_at created_by_id draft hidden html_url id locale outdated source_id \
         source_type title updated_at updated_by_id url",
    ),
    (
        "section_translations",
        "body created_at created_by_id draft hidden html_url id locale outdated source_id \
         source_type title updated_at updated_by_id url",
    ),
    (
        "category_translations",
        "body created_at created_by_id draft hidden html_url id locale outdated source_id \
         source_type title updated_at updated_by_id url",
    ),
    (
        "deleted_users",
        "active created_at email id locale locale_id name organization_id phone photo role \
         shared_phone_number time_zone updated_at url",
    ),
    ("organization_subscriptions", "created_at id organization_id user_id"),
    ("brand_agents", "brand_id created_at id updated_at url user_id"),
    (
        "custom_statuses",
        "active agent_label created_at default description end_user_description \
         end_user_label id raw_agent_label raw_description raw_end_user_description \
         raw_end_user_label status_category updated_at url",
    ),
    ("satisfaction_reasons", "created_at deleted_at id raw_value reason_code updated_at url value"),
    (
        "suspended_tickets",
        "attachments author brand_id cause cause_id content created_at error_messages id \
         message_id recipient subject ticket_id updated_at url via",
    ),
    (
        "views",
        "active conditions created_at default description execution id position raw_title \
         restriction title updated_at url watchable",
    ),
    (
        "locales",
        "created_at default id locale name native_name presentation_name rtl updated_at url",
    ),
    (
        "dynamic_content_items",
        "created_at default_locale_id id name outdated placeholder updated_at url variants",
    ),
    (
        "group_sla_policies",
        "created_at description filter id policy_metrics position title updated_at url",
    ),
    ("trigger_categories", "created_at id name position updated_at url"),
    (
        "recipient_addresses",
        "brand_id cname_status created_at default dns_results domain_verification_code \
         domain_verification_status email forwarding_status id name spf_status updated_at url",
    ),
    (
        "workspaces",
        "activated apps conditions created_at description id macro_ids macros position \
         prefer_workspace_app_order selected_macros ticket_form_id title updated_at url",
    ),
    (
        "sharing_agreements",
        "created_at id name partner_name remote_subdomain status type updated_at url",
    ),
    ("schedule_holidays", "end_date id name start_date"),
    ("csat_survey_responses", "answers expires_at id responder_id subject_zrns subjects survey"),
    (
        "calls",
        "agent_id call_channel call_charge call_group_id call_recording_consent \
         call_recording_consent_action call_recording_consent_keypress callback \
         callback_source completion_status consultation_time \
         copilot_suggestions_generated_successful copilot_suggestions_generated_total \
         created_at customer_id customer_requested_voicemail default_group direction duration \
         exceeded_queue_wait_time hold_time id ivr_action ivr_destination_group_name ivr_hops \
         ivr_routed_to ivr_time_spent line line_id line_type minutes_billed \
         not_recording_time outside_business_hours overflowed overflowed_to phone_number \
         phone_number_id post_call_summary post_call_summary_created post_call_transcription \
         post_call_transcription_created quality_issues real_time_transcription \
         recording_control_interactions recording_time talk_time ticket_id time_to_answer \
         transcription_language updated_at voicemail wait_time wrap_up_time",
    ),
    (
        "call_legs",
        "agent_id available_via call_charge call_id completion_status conference_from \
         conference_time conference_to consultation_from consultation_time consultation_to \
         created_at duration forwarded_to hold_time id minutes_billed quality_issues \
         talk_time transferred_from transferred_to type updated_at user_id wrap_up_time",
    ),
    (
        "custom_objects",
        "allows_photos created_at created_by_user_id description include_in_list_view key \
         raw_description raw_title raw_title_pluralized title title_pluralized updated_at \
         updated_by_user_id url",
    ),
    (
        "custom_object_fields",
        "active created_at custom_field_options description id key position properties \
         raw_description raw_title regexp_for_validation relationship_filter \
         relationship_target_type system tag title type updated_at url",
    ),
    (
        "custom_object_records",
        "created_at created_by_user_id custom_object_fields custom_object_key external_id id \
         name updated_at updated_by_user_id url",
    ),
];

/// The paths of nested fields. `[]` enters a list.
pub(super) const NESTED: &[(&str, &str)] = &[
    (
        "tickets",
        "via.channel via.source.from.address via.source.to.name via.source.rel \
         via.source.from.metric_set custom_fields[].id custom_fields[].value fields[].value \
         satisfaction_rating.score satisfaction_rating.id satisfaction_rating.comment \
         satisfaction_rating.reason satisfaction_rating.reason_id",
    ),
    (
        "ticket_metrics",
        "reply_time_in_minutes.business reply_time_in_minutes.calendar \
         reply_time_in_seconds.calendar reply_time_in_seconds.business \
         on_hold_time_in_minutes.calendar first_resolution_time_in_minutes.business \
         full_resolution_time_in_minutes.business agent_wait_time_in_minutes.business \
         requester_wait_time_in_minutes.calendar",
    ),
    ("deleted_tickets", "actor.id actor.name"),
    (
        "email_notifications",
        "recipients[].user_id recipients[].email_address recipients[].delivery_status.id \
         recipients[].delivery_status.name recipients[].delivery_status.code \
         recipients[].delivery_status.message",
    ),
    (
        "resource_collections",
        "resources[].identifier resources[].resource_id resources[].type resources[].deleted",
    ),
    ("deletion_schedules", "conditions.all[].field conditions.any"),
    (
        "queues",
        "definition.all[].operator primary_groups.count primary_groups.groups[].id \
         secondary_groups.groups[].name",
    ),
    (
        "agent_statuses",
        "attributes.name attributes.description attributes.group_ids attributes.channels \
         attributes.updated_at",
    ),
    (
        "agent_availabilities",
        "attributes.agent_id attributes.agent_status.reason attributes.group_ids \
         attributes.skills[].id attributes.version relationships.channels.data[].id",
    ),
    (
        "capacity_rules",
        "assignees.count assignees.agents_sample[].name capacities.email capacities.messaging \
         capacities.voice",
    ),
    ("ticket_skips", "ticket.id ticket.updated_at ticket.custom_fields[].value"),
    (
        "ticket_events",
        "system.client system.ip_address system.location system.latitude system.longitude \
         metadata.system.client metadata.custom child_events[].id child_events[].via \
         child_events[].via.channel child_events[].via_reference_id child_events[].type \
         child_events[].author_id child_events[].body child_events[].html_body \
         child_events[].plain_body child_events[].public \
         child_events[].attachments[].file_name \
         child_events[].attachments[].thumbnails[].width child_events[].audit_id \
         child_events[].created_at child_events[].uploads child_events[].metadata.system \
         child_events[].event_type child_events[].previous_value \
         child_events[].comment_present child_events[].comment_public child_events[].status \
         child_events[].priority child_events[].tags child_events[].subject \
         child_events[].assignee_id child_events[].custom_ticket_fields.id",
    ),
    (
        "ticket_audits",
        "events[].id events[].type events[].field_name events[].value events[].previous_value \
         events[].body events[].html_body events[].plain_body events[].public \
         events[].author_id events[].attachments[].content_url events[].audit_id \
         events[].macro_id events[].recipients events[].via.channel events[].resource \
         events[].attribute_values[].id metadata.decoration metadata.custom \
         metadata.system.ip_address metadata.flags metadata.flags_options.2 \
         metadata.flags_options.11 metadata.flags_options.15 via.source.from",
    ),
    (
        "ticket_metric_events",
        "sla.target sla.business_hours sla.target_in_seconds sla.policy.id sla.policy.title \
         sla.policy.description group_sla.target group_sla.policy.id status.calendar \
         status.business",
    ),
    (
        "ticket_activities",
        "actor.id actor.email user.id user.user_fields object.comment.value \
         object.comment.public object.ticket.id target.ticket.id target.ticket.subject",
    ),
    (
        "side_conversations",
        "participants[].user_id participants[].name participants[].email \
         external_ids.targetTicketId",
    ),
    (
        "side_conversation_events",
        "actor.user_id actor.name actor.email message.subject message.preview_text message.body \
         message.html_body message.from.email message.to[].name message.via message.external_ids \
         message.attachments[].id updates.state updates.subject",
    ),
    (
        "ticket_conversation_log",
        "author.type author.display_name author.avatar_url author.zen:support:user_id \
         author.zen:sunco:user_id content.type content.text content.body content.actions[].type \
         source.type metadata.system metadata.custom metadata.public metadata.ticket_version",
    ),
    (
        "ticket_fields",
        "custom_field_options[].id custom_field_options[].name \
         custom_field_options[].raw_name custom_field_options[].value \
         custom_field_options[].default custom_field_options[].position \
         custom_field_options[].url system_field_options[].name system_field_options[].value \
         custom_statuses[].id custom_statuses[].status_category custom_statuses[].agent_label \
         custom_statuses[].end_user_label custom_statuses[].description \
         custom_statuses[].end_user_description custom_statuses[].active \
         custom_statuses[].default custom_statuses[].created_at custom_statuses[].updated_at \
         relationship_filter.all[].field relationship_filter.any",
    ),
    (
        "ticket_forms",
        "agent_conditions[].parent_field_id agent_conditions[].value \
         agent_conditions[].child_fields[].id agent_conditions[].child_fields[].is_required \
         agent_conditions[].child_fields[].required_on_statuses.type \
         agent_conditions[].child_fields[].required_on_statuses.statuses \
         end_user_conditions[].parent_field_id end_user_conditions[].value \
         end_user_conditions[].child_fields[].is_required",
    ),
    ("user_fields", "custom_field_options[].value relationship_filter.all[].operator"),
    ("organization_fields", "custom_field_options[].raw_name"),
    (
        "users",
        "photo.content_type photo.content_url photo.deleted photo.file_name photo.height \
         photo.id photo.inline photo.malware_access_override photo.malware_scan_result \
         photo.mapped_content_url photo.size photo.url photo.width \
         photo.thumbnails[].content_url user_fields.id user_fields.updated_at",
    ),
    ("organizations", "organization_fields.id organization_fields.contract_since"),
    (
        "custom_roles",
        "configuration.assign_agent_statuses configuration.chat_access \
         configuration.custom_objects.shipment.scopes \
         configuration.explore_reports.ticket_access configuration.explore_access \
         configuration.group_access configuration.light_agent \
         configuration.manage_team_members configuration.ticket_access \
         configuration.user_view_access configuration.voice_dashboard_access",
    ),
    ("brands", "logo.url logo.thumbnails[].height"),
    ("schedules", "intervals[].start_time intervals[].end_time"),
    (
        "automations",
        "actions[].field actions[].value conditions.all[].field conditions.all[].operator \
         conditions.all[].value conditions.any[].value",
    ),
    ("triggers", "actions[].value conditions.all[].value conditions.any[].operator"),
    (
        "macros",
        "actions[].value restriction.type restriction.id restriction.ids permissions.can_edit",
    ),
    (
        "sla_policies",
        "filter.all[].field filter.all[].operator filter.all[].value filter.any[].value \
         policy_metrics[].business_hours policy_metrics[].metric policy_metrics[].priority \
         policy_metrics[].target policy_metrics[].target_in_seconds \
         metric_settings.first_reply_time",
    ),
    (
        "attribute_definitions",
        "operators[].value operators[].title operators[].terminal operators[].format values[].value \
         values[].title values[].enabled metadata.collection_key metadata.item_key",
    ),
    ("views", "execution.columns[].id execution.group_by conditions.all[].field restriction.ids"),
    ("dynamic_content_items", "variants[].content variants[].locale_id variants[].default"),
    ("group_sla_policies", "filter.all[].value policy_metrics[].target"),
    ("suspended_tickets", "author.email via.channel error_messages[].description"),
    ("workspaces", "apps[].id conditions.all[].value selected_macros[].actions[].field"),
    (
        "csat_survey_responses",
        "subjects[].zrn survey.version answers[].rating answers[].value answers[].question.headline",
    ),
    ("custom_object_fields", "custom_field_options[].value relationship_filter.all"),
    ("custom_object_records", "custom_object_fields.f_decimal custom_object_fields.f_lookup"),
];
