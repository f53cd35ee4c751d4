// Signs requests that come as lines of JSON on stdin with npm's signer, and prints every stage of each. Its
// middle stages are methods of the class, so they can be had by overriding them.

import { createHash, createHmac } from "node:crypto";
import { createInterface } from "node:readline";
import { SignatureV4 } from "@smithy/signature-v4";

class Sha256 {
  constructor(key) {
    this.hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }

  update(data) {
    this.hash.update(data);
  }

  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

class Signer extends SignatureV4 {
  createCanonicalRequest(...all) {
    this.canonicalRequest = super.createCanonicalRequest(...all);
    return this.canonicalRequest;
  }

  async createStringToSign(...all) {
    this.stringToSign = await super.createStringToSign(...all);
    return this.stringToSign;
  }
}

async function sign(r) {
  const url = new URL(r.endpoint);
  const signer = new Signer({
    credentials: {
      accessKeyId: r.access_key,
      secretAccessKey: r.secret_key,
      sessionToken: r.token || undefined,
    },
    region: r.region,
    service: r.service,
    sha256: Sha256,
    // It would add x-amz-content-sha256, which nobody but S3 asks for.
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: r.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: r.path,
      query: r.query,
      headers: { ...r.headers, host: url.host },
      body: r.body,
    },
    { signingDate: new Date(r.time) },
  );
  return {
    canonical_request: signer.canonicalRequest,
    string_to_sign: signer.stringToSign,
    authorization: signed.headers.authorization,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await sign(JSON.parse(line))));
}
