import * as vscode from 'vscode';
import { EDITOR_COMMANDS } from '../server/protocol.js';
import type { ViewState } from './client.js';
import { duration } from './train.js';

interface View {
  text: string;
  tooltip: string;
  command: string;
}

/** One item in the status bar; the state is all that it shows. */
export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'batcoder.status',
    vscode.StatusBarAlignment.Right,
    90,
  );

  constructor() {
    this.item.name = 'BatCoder';
    this.show({ kind: 'starting' });
    this.item.show();
  }

  show(state: ViewState): void {
    const { text, tooltip, command } = view(state);
    this.item.text = text;
    this.item.tooltip = `BatCoder: ${tooltip}`;
    this.item.command = command;
    const isBad = state.kind === 'failed' || state.kind === 'stopped';
    this.item.backgroundColor = isBad
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}

/** How a state looks, and what a click on it does. */
function view(state: ViewState): View {
  const { train, showLog } = EDITOR_COMMANDS;
  switch (state.kind) {
    case 'starting':
      return { text: '$(loading~spin) BatCoder', tooltip: 'loading the model', command: showLog };
    case 'ready': {
      const { model, parameters, weights, adapter, backend, builtIn } = state;
      const size = `${(parameters / 1e6).toFixed(parameters < 1e7 ? 1 : 0)} M parameters in ${weights}`;
      const learned = adapter === null ? '' : `, adapter ${adapter}`;
      if (builtIn) {
        return {
          text: '$(mortar-board) BatCoder: train',
          tooltip: `the built-in model (${size}), on ${backend}. It has not seen this workspace yet: click to train on it.`,
          command: train,
        };
      }
      return {
        text: '$(check) BatCoder',
        tooltip: `${model} (${size})${learned}, on ${backend}. Click to train on this workspace.`,
        command: train,
      };
    }
    case 'training': {
      const percent = Math.floor(state.fraction * 100);
      const left = state.etaSeconds === null ? '' : `, ${duration(state.etaSeconds)} left`;
      return {
        text: `$(loading~spin) BatCoder ${percent} %`,
        tooltip: `training (${state.phase})${left}. Click to stop.`,
        command: 'batcoder.stopTraining',
      };
    }
    case 'failed':
      return { text: '$(warning) BatCoder', tooltip: state.message, command: showLog };
    case 'stopped':
      return {
        text: '$(warning) BatCoder',
        tooltip: `${state.message} Click to restart it.`,
        command: 'batcoder.restartServer',
      };
  }
}
