// A short answer and a long one.
export const answers = { '/': Buffer.from('hello\n'), '/large': Buffer.alloc(16 << 20, '.') };
