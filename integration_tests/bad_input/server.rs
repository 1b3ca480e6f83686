//! A server that answers with any bytes that a test wants, over TCP or TLS, and records the
//! requests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Maps the head of a request to the bytes of the answer. `None` leaves the client waiting.
type Answers = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// The running server. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answers: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(answers))
    }

    /// Starts a server over TLS, with a certificate of its own for these names. Returns the
    /// certificate as PEM.
    pub(crate) fn start_tls(
        names: &[&str],
        answers: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> (Self, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key fits the certificate");
        (Self::serve(Some(Arc::new(config)), Arc::new(answers)), made.cert.pem())
    }

    fn serve(tls: Option<Arc<ServerConfig>>, answers: Arc<Answers>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("a listener that does not block");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (log, is_over) = (Arc::clone(&asked), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let (tls, answers, log) = (tls.clone(), Arc::clone(&answers), Arc::clone(&log));
                let is_over = Arc::clone(&is_over);
                std::thread::spawn(move || one(stream, tls, &*answers, &log, &is_over));
            }
        });
        Self { port, asked, over, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far: the head, and as much of the body as came with it. An empty text is a
    /// connection on which nothing readable was sent.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panics with it").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request and closes the connection.
fn one(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    answers: &Answers,
    log: &Mutex<Vec<String>>,
    is_over: &AtomicBool,
) {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let answer = |pipe: &mut dyn ReadWrite| {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            match pipe.read(&mut chunk) {
                Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
                _ => break,
            }
        }
        let head = String::from_utf8_lossy(&bytes).into_owned();
        log.lock().expect("no thread panics with it").push(head.clone());
        match answers(&head) {
            // A client that has heard enough hangs up.
            Some(answer) => drop(pipe.write_all(&answer).and_then(|()| pipe.flush())),
            None => {
                while !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    };
    match tls {
        None => answer(&mut stream),
        Some(config) => {
            let Ok(connection) = rustls::ServerConnection::new(config) else { return };
            answer(&mut rustls::StreamOwned::new(connection, stream));
        }
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// An answer with a body, after which the connection is closed.
pub(crate) fn http(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for (name, value) in headers {
        answer += &format!("{name}: {value}\r\n");
    }
    answer += &format!("content-length: {}\r\n\r\n", body.len());
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    answer
}
