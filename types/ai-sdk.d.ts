// Generated from lib/ by `npm run build`: change the declarations there.

declare const version: string;

export { version };
