/** Why there was no answer, as a clause, and whether it is the server's certificate. */
interface ConnectionProblem {
  readonly reason: string;
  readonly isTlsError: boolean;
}

/** Codes of OpenSSL's verification, as the engine reports them. */
const CERTIFICATE = /CERT|ISSUER|SIGNATURE|UNABLE_TO_|CRL/;

/** @param error what `fetch` threw; its message can repeat the URL, so it is not shown. */
export function explainConnectionError(error: unknown): ConnectionProblem {
  const code = codeOf(error);
  if (CERTIFICATE.test(code)) return { reason: explainCertificate(code), isTlsError: true };
  return { reason: explainCode(code, error), isTlsError: false };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

function explainCertificate(code: string): string {
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "its certificate is for another host name";
  return `its certificate is not trusted (${code})`;
}

function explainCode(code: string, error: unknown): string {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its host name is unknown";
    case "ECONNREFUSED":
      return "the connection was refused";
    case "ECONNRESET":
    case "EPIPE":
      return "the connection was closed too early";
    case "ETIMEDOUT":
      return "the connection timed out";
    case "EPROTO":
      return "the TLS handshake failed; the endpoint may have to start with http://";
    default:
      if (error instanceof Error && error.name === "StalledError") return "it has stopped sending";
      return code === "" ? "the connection failed" : `the connection failed (${code})`;
  }
}
