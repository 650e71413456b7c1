// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! A server that answers one connection as it is told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// What it does next; after the last it closes the connection.
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Until it is told to go on or the client is gone.
    Wait,
}

impl Step {
    pub(crate) fn send(text: impl Into<String>) -> Self {
        Self::Send(text.into().into_bytes())
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    asked: watch::Receiver<Option<String>>,
    gone: watch::Receiver<bool>,
    signal: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, asked) = watch::channel(None);
        let (leave, gone) = watch::channel(false);
        let signal = Arc::new(Notify::new());
        let told = Arc::clone(&signal);
        tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            client.set_nodelay(true).unwrap();
            tell.send_replace(Some(read_request(&mut client).await));
            for step in steps {
                let lost = match step {
                    Step::Send(bytes) => client.write_all(&bytes).await.is_err(),
                    Step::Wait => tokio::select! {
                        () = told.notified() => false,
                        // A client sends nothing more, so there is only its end to be read.
                        _ = client.read_u8() => true,
                    },
                };
                if lost {
                    leave.send_replace(true);
                    return;
                }
            }
        });
        Self { url, asked, gone, signal }
    }

    /// The request, once it is there.
    pub(crate) fn asked(&self) -> impl Future<Output = String> + use<> {
        let mut asked = self.asked.clone();
        async move { asked.wait_for(Option::is_some).await.unwrap().clone().unwrap() }
    }

    pub(crate) fn was_asked(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// What waits goes on.
    pub(crate) fn go_on(&self) {
        self.signal.notify_one();
    }

    /// Returns once the client has closed its connection.
    pub(crate) async fn let_go(mut self) {
        tokio::time::timeout(Duration::from_secs(10), self.gone.wait_for(|gone| *gone)).await.expect("the client holds on").unwrap();
    }
}

async fn read_request(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        bytes.push(client.read_u8().await.unwrap());
        if let Some(head) = bytes.strip_suffix(b"\r\n\r\n") {
            let head = String::from_utf8(head.to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            client.read_exact(&mut body).await.unwrap();
            return format!("{head}\r\n\r\n{}", String::from_utf8(body).unwrap());
        }
    }
}
