/** The probe's second thread: answers with the digest of what it is sent. */
declare const self: { onmessage: ((event: MessageEvent<string>) => void) | null };

self.onmessage = (event) => {
  postMessage(new Bun.SHA256().update(event.data).digest("hex"));
};
