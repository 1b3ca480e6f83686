//! Where rejected rows are stored, in the property names that Airbyte's platform knows.

use std::path::PathBuf;

use connector::config::{SecretText, Violation, is_host_label};
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use zendesk::secret::Secret;

/// The region in signatures, if the endpoint is not Amazon's and no region is set.
const REGION_OF_OTHERS: &str = "us-east-1";

/// Where rejected rows are stored, as the user writes it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "storage_type")]
pub enum ObjectStorage {
    /// Rejected rows are reported and counted, but not stored.
    #[schemars(title = "None", extend("additionalProperties" = true))]
    None,
    /// JSON Lines objects in a bucket of Amazon S3, or of a store with the same API.
    #[schemars(title = "S3", extend("additionalProperties" = true))]
    S3(Box<WrittenBucket>),
    /// JSON Lines files in a folder of the machine that runs the program, one subfolder per stream.
    #[schemars(title = "Local", extend("additionalProperties" = true))]
    Local {
        /// The folder in which files are stored.
        #[schemars(title = "Path", extend("order" = 1, "examples" = ["/local/rejected"]))]
        path: String,
    },
}

/// A bucket, as the user writes it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct WrittenBucket {
    /// The ID of the access key. Without keys, the program uses those in the environment (`AWS_ACCESS_KEY_ID`
    /// and so on).
    #[schemars(with = "SecretText", title = "Access Key ID", extend("order" = 1))]
    #[serde(default)]
    access_key_id: Option<Secret>,
    /// The secret of the access key.
    #[schemars(with = "SecretText", title = "Secret Access Key", extend("order" = 2))]
    #[serde(default)]
    secret_access_key: Option<Secret>,
    /// The name of the bucket.
    #[schemars(title = "S3 Bucket Name", extend("order" = 3, "examples" = ["acme-rejected-rows"]))]
    s3_bucket_name: String,
    /// The region of the bucket. You may leave it out if you set `s3_endpoint`.
    #[schemars(with = "String", title = "S3 Bucket Region", extend("order" = 4, "default" = "", "examples" = ["eu-west-1"]))]
    #[serde(default)]
    s3_bucket_region: Option<String>,
    /// The address of a store other than Amazon S3, such as MinIO or R2. If empty, Amazon S3 is used.
    #[schemars(with = "String", title = "S3 Endpoint", extend("order" = 5, "default" = "", "examples" = ["https://minio.example.com:9000"]))]
    #[serde(default)]
    s3_endpoint: Option<String>,
    /// The folder in the bucket in which objects are stored. If empty, they are stored at the top of the
    /// bucket.
    #[schemars(with = "String", title = "Bucket Path", extend("order" = 6, "default" = "", "examples" = ["zendesk/rejected"]))]
    #[serde(default)]
    bucket_path: Option<String>,
    // Options of the platform's other connectors. They are read so that they can be refused: an option that
    // is set but does nothing would surprise the user.
    #[schemars(skip)]
    #[serde(default)]
    role_arn: Option<Value>,
    #[schemars(skip)]
    #[serde(default)]
    format: Option<Value>,
    #[schemars(skip)]
    #[serde(default)]
    compression: Option<Value>,
    #[schemars(skip)]
    #[serde(default)]
    path_format: Option<Value>,
    #[schemars(skip)]
    #[serde(default)]
    file_name_format: Option<Value>,
}

/// Where rejected rows are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    Folder(PathBuf),
    Bucket(Box<Place>),
}

/// A place in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub bucket: String,
    pub region: String,
    pub endpoint: Url,
    /// Whether the name of the bucket is part of the host instead of the path.
    pub is_virtual_host: bool,
    /// The folders of the objects, from the top of the bucket.
    pub folders: Vec<String>,
    /// `None`: the keys of the environment are used.
    pub keys: Option<Keys>,
}

/// The keys that sign requests to a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub access_key_id: Secret,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
}

impl Keys {
    /// Reads the keys from the environment.
    ///
    /// Source: AWS SDKs and Tools, "AWS access keys".
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let secret = |name: &str| variable(name).map(|text| Secret::new(text.trim()));
        Some(Self {
            access_key_id: secret("AWS_ACCESS_KEY_ID")?,
            secret_access_key: secret("AWS_SECRET_ACCESS_KEY")?,
            session_token: secret("AWS_SESSION_TOKEN"),
        })
    }
}

impl ObjectStorage {
    /// Resolves the config to a place. `None` if rows are not stored.
    ///
    /// # Errors
    /// Every [`Violation`] at once.
    pub fn place(self) -> Result<Option<Storage>, Vec<Violation>> {
        match self {
            Self::None => Ok(None),
            Self::Local { path } => Ok(Some(Storage::Folder(path.into()))),
            Self::S3(written) => {
                written.place().map(|place| Some(Storage::Bucket(Box::new(place))))
            }
        }
    }
}

impl WrittenBucket {
    fn place(self) -> Result<Place, Vec<Violation>> {
        let mut violations = self.not_supported();
        let mut refuse = |field: &str, what: &str| {
            let field = format!("object_storage_config.{field}");
            violations.push(Violation { field, what: what.to_owned() });
        };
        let keys = match (self.access_key_id, self.secret_access_key) {
            (Some(access_key_id), Some(secret_access_key)) => {
                Some(Keys { access_key_id, secret_access_key, session_token: None })
            }
            (None, None) => None,
            (Some(_), None) => {
                refuse(
                    "secret_access_key",
                    "is missing: set both `access_key_id` and `secret_access_key`",
                );
                None
            }
            (None, Some(_)) => {
                refuse(
                    "access_key_id",
                    "is missing: set both `access_key_id` and `secret_access_key`",
                );
                None
            }
        };
        let bucket = self.s3_bucket_name;
        if bucket.is_empty() || bucket.contains('/') {
            refuse(
                "s3_bucket_name",
                "is not the name of a bucket: it must not be empty or contain `/`",
            );
        }
        let region = self.s3_bucket_region.unwrap_or_default().to_ascii_lowercase();
        let written = self.s3_endpoint.filter(|endpoint| !endpoint.is_empty());
        if written.is_none() && region.is_empty() {
            refuse(
                "s3_bucket_region",
                "is missing: set the region of the bucket, such as `eu-west-1`",
            );
        } else if written.is_none() && !is_host_label(&region) {
            refuse("s3_bucket_region", "is not a region such as `eu-west-1`");
        }
        let endpoint = endpoint(written.as_deref(), &region);
        if endpoint.is_none() && written.is_some() {
            refuse("s3_endpoint", "is not an address such as `https://minio.example.com:9000`");
        }
        let folders: Vec<String> =
            self.bucket_path.unwrap_or_default().split('/').map(str::to_owned).collect();
        let folders: Vec<String> = folders.into_iter().filter(|name| !name.is_empty()).collect();
        if folders.iter().any(|name| name == "." || name == "..") {
            refuse("bucket_path", "must not contain a folder `.` or `..`");
        }
        match endpoint {
            Some(endpoint) if violations.is_empty() => Ok(Place {
                // A certificate of Amazon's covers one label before its own domain, and the names of old
                // buckets may not be valid host names.
                is_virtual_host: written.is_none()
                    && is_host_label(&bucket)
                    && !bucket.bytes().any(|byte| byte.is_ascii_uppercase()),
                region: if region.is_empty() { REGION_OF_OTHERS.to_owned() } else { region },
                bucket,
                endpoint,
                folders,
                keys,
            }),
            _ => Err(violations),
        }
    }

    /// Reports options of other connectors that this one does not support.
    fn not_supported(&self) -> Vec<Violation> {
        let is_default = |value: &Value, name: &str, default: &str| {
            value[name].as_str().or(value.as_str()) == Some(default)
        };
        let format = self.format.as_ref();
        let compression = self.compression.as_ref();
        [
            (
                "role_arn",
                self.role_arn.is_some(),
                "is not supported: set an access key, or put the keys into the environment",
            ),
            (
                "format",
                format.is_some_and(|format| !is_default(format, "format_type", "JSONL")),
                "is not supported, because rows are stored as JSON Lines: remove it",
            ),
            (
                "compression",
                compression
                    .is_some_and(|how| !is_default(how, "compression_type", "No Compression")),
                "is not supported, because objects are not compressed: remove it",
            ),
            (
                "path_format",
                self.path_format.is_some(),
                "is not supported by this destination: remove it",
            ),
            (
                "file_name_format",
                self.file_name_format.is_some(),
                "is not supported by this destination: remove it",
            ),
        ]
        .into_iter()
        .filter(|(_, is_written, _)| *is_written)
        .map(|(field, _, what)| Violation {
            field: format!("object_storage_config.{field}"),
            what: what.to_owned(),
        })
        .collect()
    }
}

/// The address of the store. Without a scheme, https is used.
fn endpoint(written: Option<&str>, region: &str) -> Option<Url> {
    let Some(written) = written else {
        // Source: AWS, "Amazon S3 endpoints"; of China, "Endpoints and ARNs for services in China".
        let ending = if region.starts_with("cn-") { ".cn" } else { "" };
        return Url::parse(&format!("https://s3.{region}.amazonaws.com{ending}")).ok();
    };
    let text = match written.contains("://") {
        true => written.to_owned(),
        false => format!("https://{written}"),
    };
    let url = Url::parse(&text).ok()?;
    let has_words = !url.username().is_empty() || url.password().is_some();
    let is_good = matches!(url.scheme(), "http" | "https") && url.has_host() && !has_words;
    is_good.then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(more: &Value) -> Result<Place, Vec<String>> {
        let mut written = json!({ "storage_type": "S3", "s3_bucket_name": "rows", "s3_bucket_region": "eu-west-1" });
        written.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let written: ObjectStorage = serde_json::from_value(written).unwrap();
        match written.place() {
            Ok(Some(Storage::Bucket(place))) => Ok(*place),
            Ok(other) => panic!("{other:?}"),
            Err(violations) => Err(violations.into_iter().map(|one| one.field).collect()),
        }
    }

    #[test]
    fn amazon_is_asked_by_region_and_others_by_their_address() {
        for (more, endpoint, is_virtual_host, region) in [
            (json!({}), "https://s3.eu-west-1.amazonaws.com/", true, "eu-west-1"),
            (
                json!({ "s3_bucket_region": "cn-north-1" }),
                "https://s3.cn-north-1.amazonaws.com.cn/",
                true,
                "cn-north-1",
            ),
            (
                json!({ "s3_bucket_name": "rows.acme" }),
                "https://s3.eu-west-1.amazonaws.com/",
                false,
                "eu-west-1",
            ),
            (
                json!({ "s3_bucket_name": "Rows" }),
                "https://s3.eu-west-1.amazonaws.com/",
                false,
                "eu-west-1",
            ),
            (
                json!({ "s3_endpoint": "minio.test:9000", "s3_bucket_region": "" }),
                "https://minio.test:9000/",
                false,
                "us-east-1",
            ),
            (
                json!({ "s3_endpoint": "http://127.0.0.1:9000" }),
                "http://127.0.0.1:9000/",
                false,
                "eu-west-1",
            ),
        ] {
            let place = place(&more).unwrap();
            assert_eq!(place.endpoint.as_str(), endpoint);
            assert_eq!(
                (place.is_virtual_host, place.region.as_str()),
                (is_virtual_host, region),
                "{more}"
            );
        }
        assert_eq!(place(&json!({ "bucket_path": "/a//b/" })).unwrap().folders, ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_field() {
        for (more, field) in [
            (json!({ "s3_bucket_region": "" }), "s3_bucket_region"),
            (json!({ "s3_bucket_region": "x.evil.test/" }), "s3_bucket_region"),
            (json!({ "s3_endpoint": "ftp://x" }), "s3_endpoint"),
            (json!({ "s3_endpoint": "https://u:p@x.test" }), "s3_endpoint"),
            (json!({ "s3_endpoint": "https://" }), "s3_endpoint"),
            (json!({ "s3_bucket_name": "a/b" }), "s3_bucket_name"),
            (json!({ "bucket_path": "a/../b" }), "bucket_path"),
            (json!({ "access_key_id": "AK" }), "secret_access_key"),
            (json!({ "secret_access_key": "hush" }), "access_key_id"),
            (json!({ "role_arn": "arn:aws:iam::1:role/x" }), "role_arn"),
            (json!({ "format": { "format_type": "CSV" } }), "format"),
            (json!({ "compression": { "compression_type": "GZIP" } }), "compression"),
            (json!({ "path_format": "{date}/" }), "path_format"),
            (json!({ "file_name_format": "{date}" }), "file_name_format"),
        ] {
            assert_eq!(place(&more), Err(vec![format!("object_storage_config.{field}")]), "{more}");
        }
        let usual = json!({ "format": { "format_type": "JSONL" },
            "compression": { "compression_type": "No Compression" } });
        assert!(place(&usual).is_ok());
    }

    #[test]
    fn keys_are_shown_nowhere_and_the_environments_need_both() {
        let keys = place(&json!({ "access_key_id": "AKIAHUSH", "secret_access_key": "hush-hush" }))
            .unwrap();
        let shown = format!("{keys:?}");
        assert!(!shown.contains("HUSH") && !shown.contains("hush"), "{shown}");
        let of = |known: &'static [&str]| {
            Keys::of(move |name| known.contains(&name).then(|| name.to_lowercase()))
        };
        assert_eq!(of(&["AWS_ACCESS_KEY_ID"]), None);
        let keys =
            of(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]).unwrap();
        assert_eq!(keys.session_token.unwrap().expose(), "aws_session_token");
        assert_eq!(
            of(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).unwrap().session_token,
            None
        );
    }
}
