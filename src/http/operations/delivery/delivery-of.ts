/** What the operations on deliveries of received events share. */
export const TAG = 'Delivery';
export const READ = { role: 'viewer', scope: 'organization', permission: 'delivery:read' } as const;
export const WRITE = { role: 'editor', scope: 'organization', permission: 'delivery:write' } as const;
