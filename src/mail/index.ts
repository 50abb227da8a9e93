/** `skitai/mail`: what `was.email` gives, by itself. */
export { Email } from "./email.ts";
