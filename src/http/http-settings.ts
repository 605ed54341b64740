/** What the HTTP room needs to know, already parsed (config makes it, app hands it over). */
export interface HttpSettings {
  /** Signs and checks organization and app tokens; the first signs. */
  readonly jwtSecrets: readonly string[];
  /** How the outside reaches us, without a trailing slash; used in links. */
  readonly publicUrl: string;
  /** Bytes of a request body. */
  readonly bodyBytesMax: number;
  /** Of a body that a source receives. */
  readonly sourceBodyBytesMax: number;
  readonly endpointHttpsOnly: boolean;
  readonly defaultSignatureType: 'hmac256' | 'ed25519';
  /** How long a payload is kept unless the message says otherwise. */
  readonly contentRetentionMs: number;
  readonly version: string;
  /** Bearer token that /metrics asks for; null = served openly (bounded, no tenant's data in it). */
  readonly metricsToken: string | null;
}
