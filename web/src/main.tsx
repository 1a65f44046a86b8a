import { render } from 'preact';
import { App } from './app';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/events.css';
import './styles/event.css';
import './styles/seatmap.css';
import './styles/order.css';
import './styles/reservation.css';
import './styles/print.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
