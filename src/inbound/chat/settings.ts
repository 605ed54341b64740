/** What the settings of both chats have in common. */
import Type from 'typebox';

export const text = (maxLength: number, pattern = '^[^\\x00-\\x1f\\x7f]+$') =>
  Type.String({ minLength: 1, maxLength, pattern });

const ALLOW_MAX = 200;

export const LISTENING = {
  /** What is for us in a room; what is said privately always is. */
  listen: Type.Optional(
    Type.Union([Type.Literal('mentions'), Type.Literal('all'), Type.Literal('commands')]),
  ),
  /** Of commands; `!` when not said. */
  prefix: Type.Optional(text(16, '^\\S+$')),
  /** Who is listened to; not said: everybody. */
  allow: Type.Optional(Type.Array(text(512, '^\\S+$'), { maxItems: ALLOW_MAX })),
  /** Where an answer goes: to the room where it was asked, or to whoever asked, privately. */
  replyTo: Type.Optional(Type.Union([Type.Literal('room'), Type.Literal('sender')])),
};

const PEM_CHARS_MAX = 65_536;
/** PEM of the authority to trust instead of the well-known ones. */
export const TLS_CA = Type.Optional(Type.String({ minLength: 1, maxLength: PEM_CHARS_MAX }));
export const PORT = Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 }));
