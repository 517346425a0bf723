// A command: what is on the console goes to standard output.
export const run = {
  run() {
    let sum = 0;
    for (let i = 0; i < 1000; i++) sum += i;
    console.log('hello from JavaScript,', sum);
  },
};
