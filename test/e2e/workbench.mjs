// What a person does in the workbench, by keyboard and mouse; every function waits for what it names.
export class Workbench {
  constructor(page) {
    this.page = page;
    this.input = page.locator('.quick-input-widget input[type=text]').first();
    this.rows = page.locator('.quick-input-list .monaco-list-row');
    this.hoverBox = page.locator('.monaco-hover:not(.hidden)');
    this.ghost = page.locator('.ghost-text-decoration, .ghost-text');
  }

  async openFolder(url, folder) {
    await this.page.goto(`${url}/?${new URLSearchParams({ folder })}`);
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 90_000 });
    await this.page
      .locator('.explorer-folders-view .monaco-list-row')
      .first()
      .waitFor({ timeout: 90_000 });
  }

  /** Runs a command by its title. */
  async command(title) {
    await this.page.keyboard.press('F1');
    await this.input.waitFor();
    await this.input.fill(`>${title}`);
    await this.rows.filter({ hasText: title }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  async openFile(name) {
    await this.page.keyboard.press('Control+P');
    await this.input.waitFor();
    await this.input.fill(name);
    await this.rows.filter({ hasText: name }).first().waitFor();
    await this.page.keyboard.press('Enter');
    // The tab is active before the editor has the keyboard: keys sent in between are lost.
    await this.page
      .locator(`.monaco-editor.focused[data-uri$="/${name}"]`)
      .waitFor({ timeout: 60_000 });
  }

  /** Line and column as the editor counts them, from 1. */
  async goTo(line, column) {
    await this.page.keyboard.press('Control+G');
    await this.input.waitFor();
    await this.input.fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.statusbar-item', { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** Rests the mouse on a word until the hover says something that matches. */
  async hover(word, says, timeout = 60_000) {
    const target = this.page
      .locator('.view-line span', { hasText: new RegExp(`^${word}$`) })
      .first();
    const wanted = this.hoverBox.filter({ hasText: says, hasNotText: 'Loading...' });
    for (const start = Date.now(); ; ) {
      await this.page.mouse.move(640, 780);
      await target.hover();
      try {
        await wanted.waitFor({ timeout: 3000 });
        return wanted;
      } catch (error) {
        if (Date.now() - start > timeout) {
          throw error;
        }
      }
    }
  }

  toast(text) {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  button(toast, name) {
    return toast.locator('.monaco-button', { hasText: name });
  }

  async clearToasts() {
    await this.command('Notifications: Clear All Notifications');
  }

  /** Hovers and toasts fade in: a picture right away would show them half. */
  async picture(path) {
    await this.page.waitForTimeout(400);
    await this.page.screenshot({ path });
  }
}
