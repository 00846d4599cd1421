import { type Connection, MessageType, ShowMessageNotification } from 'vscode-languageserver';

const TYPES = {
  info: MessageType.Info,
  warning: MessageType.Warning,
  error: MessageType.Error,
} as const;

/** Shows a person a message that wants no answer. */
export function tell(connection: Connection, how: keyof typeof TYPES, message: string): void {
  void connection.sendNotification(ShowMessageNotification.type, { type: TYPES[how], message });
}
